import { InferenceSession } from 'onnxruntime-node';
import { QuarryError } from '../failures.ts';
import { CPU, type Device, executionProvider, usableDevice } from './device.ts';

/** A graph on onnxruntime. */
export async function openSession(
  path: string,
  threads: number,
  device: Device = CPU,
): Promise<InferenceSession> {
  const name = await usableDevice(device);
  try {
    return await InferenceSession.create(path, {
      executionProviders: [executionProvider(name, device.id)],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
    });
  } catch (cause) {
    throw new QuarryError('BadModel', `${path}: onnxruntime cannot load it: ${(cause as Error).message}`, {
      cause,
    });
  }
}
