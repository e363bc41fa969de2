import { hashFile } from '../stages/unit.ts';
import { OnnxFile } from './onnx/onnx-file.ts';

/** What a graph's file tells without being run. */
export interface GraphFacts {
  /** sha256 of the file, hex. */
  readonly sha256: string;
  /** Files beside the graph that hold its weights, sorted, with the bytes that each must have at least. */
  readonly externalData: readonly { readonly name: string; readonly bytes: number }[];
  /** Activation scales are computed at run time over a whole tensor, so a row's vector depends on its batch. */
  readonly dynamicQuantization: boolean;
}

/**
 * Memory does not grow with the weights.
 *
 * @throws QuarryError BadModel where the file is no ONNX model
 */
export async function graphFacts(path: string): Promise<GraphFacts> {
  const files = new Map<string, number>();
  let dynamicQuantization = false;
  for (const part of OnnxFile.read(path).parts) {
    if (part.kind === 'node') dynamicQuantization ||= part.node.operator.startsWith('DynamicQuantize');
    if (part.kind !== 'initializer' || part.tensor.externalFile === null) continue;
    const { externalFile, externalEnd } = part.tensor;
    files.set(externalFile, Math.max(files.get(externalFile) ?? 0, externalEnd));
  }
  const externalData = [...files].map(([name, bytes]) => ({ name, bytes }));
  externalData.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { sha256: await hashFile(path), externalData, dynamicQuantization };
}
