import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { arch, platform } from 'node:process';
import { InferenceSession, listSupportedBackends } from 'onnxruntime-node';
import { QuarryError } from '../failures.ts';
import { searchGraph } from '../index/gemm-top-k-graph.ts';

/** What a model runs on. */
export interface Device {
  readonly name: DeviceName | 'auto';
  /** Which of several cards. */
  readonly id: number;
}

export type DeviceName = 'cpu' | 'cuda' | 'webgpu' | 'coreml';

export const CPU: Device = { name: 'cpu', id: 0 };

/** Tried in this order by `auto`. */
const FASTEST_FIRST: readonly DeviceName[] = ['cuda', 'coreml', 'webgpu'];

const WHAT_TO_INSTALL: Readonly<Record<DeviceName, string>> = {
  cpu: 'nothing to install',
  cuda: 'it needs an NVIDIA driver, CUDA 12, cuDNN 9 and cuBLAS on the loader path, and the CUDA libraries of onnxruntime-node (ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node)',
  webgpu: "it needs a Vulkan loader (Debian: libvulkan1) and the graphics driver's Vulkan files",
  coreml: 'it needs macOS',
};

const resolved = new Map<string, Promise<DeviceName>>();

/**
 * The device that is meant, after a tiny graph has run on it: what is not there is refused, never replaced in silence.
 *
 * @throws QuarryError BadModel that names what to install
 */
export async function usableDevice({ name, id }: Device): Promise<DeviceName> {
  if (name === 'cpu') return name;
  const key = `${name} ${id}`;
  const known = resolved.get(key) ?? (name === 'auto' ? fastest(id) : required(name, id));
  resolved.set(key, known);
  return known;
}

/** As onnxruntime takes it. */
export function executionProvider(name: DeviceName, id: number): InferenceSession.ExecutionProviderConfig {
  return name === 'cuda' ? { name, deviceId: id } : name;
}

async function required(name: DeviceName, id: number): Promise<DeviceName> {
  const fault = await faultOf(name, id);
  if (fault === null) return name;
  throw new QuarryError(
    'BadModel',
    `model.device: ${name}: not usable on this machine: ${WHAT_TO_INSTALL[name]}; or use model.device: cpu (onnxruntime says: ${fault})`,
  );
}

async function fastest(id: number): Promise<DeviceName> {
  for (const name of FASTEST_FIRST) if ((await faultOf(name, id)) === null) return name;
  return 'cpu';
}

/** Why a device does not run a graph; null: it does. */
async function faultOf(name: DeviceName, id: number): Promise<string | null> {
  if (!listSupportedBackends().some((backend) => backend.name === name))
    return 'no such backend in this build';
  if (name === 'cuda' && !hasCudaLibraries()) return 'libonnxruntime_providers_cuda is not installed';
  try {
    const session = await InferenceSession.create(searchGraph('gemm'), {
      executionProviders: [executionProvider(name, id)],
      logSeverityLevel: 4,
    });
    await session.release();
    return null;
  } catch (error) {
    return (error as Error).message.split('\n')[0]!.slice(0, 200);
  }
}

/** Looked for beforehand, because onnxruntime writes its own complaint to standard error. */
function hasCudaLibraries(): boolean {
  const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  const name = platform === 'win32' ? 'onnxruntime_providers_cuda.dll' : 'libonnxruntime_providers_cuda.so';
  return existsSync(join(root, 'bin/napi-v6', platform, arch, name));
}
