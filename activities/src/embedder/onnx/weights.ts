import { dirname, join } from 'node:path';
import { FileBytes } from './bytes.ts';
import { OnnxFile } from './onnx-file.ts';
import { fieldsOf } from './wire.ts';

/** TensorProto.DataType */
const FLOAT32 = 1;
const FLOAT16 = 10;
const CHUNK = 4 << 20;

/** The first weights of a graph that hold NaN or infinity, inline or in external files; null: there are none. */
export function weightsNotFinite(path: string): string | null {
  const graph = new FileBytes(path);
  const files = new Map<string, FileBytes>();
  try {
    for (const part of OnnxFile.read(path).parts) {
      if (part.kind !== 'initializer') continue;
      const { name, element, externalFile, externalStart, externalEnd } = part.tensor;
      if (element !== FLOAT32 && element !== FLOAT16) continue;
      if (externalFile === null) {
        for (const [start, end] of rawRanges(graph, part.start, part.end))
          if (holdsNoNumber(graph, start, end, element)) return name;
        continue;
      }
      const data = files.get(externalFile) ?? new FileBytes(join(dirname(path), externalFile));
      files.set(externalFile, data);
      const end = externalEnd === 0 ? data.size : externalEnd;
      if (holdsNoNumber(data, externalStart, end, element)) return name;
    }
    return null;
  } finally {
    graph.close();
    for (const file of files.values()) file.close();
  }
}

/** Where a TensorProto field keeps its raw values. */
function* rawRanges(bytes: FileBytes, start: number, end: number): Generator<readonly [number, number]> {
  for (const tensor of fieldsOf(bytes, start, end))
    for (const { number, value, end: last } of fieldsOf(bytes, tensor.value, tensor.end))
      if (number === 9) yield [value, last];
}

function holdsNoNumber(bytes: FileBytes, start: number, end: number, element: number): boolean {
  for (let at = start; at < end; at += CHUNK) {
    // A copy begins at a multiple of four, as typed arrays ask for.
    const { buffer } = bytes.read(at, Math.min(end, at + CHUNK)).slice();
    if (element === FLOAT16) {
      if (new Uint16Array(buffer).some((half) => (half & 0x7c00) === 0x7c00)) return true;
    } else if (!new Float32Array(buffer).every(Number.isFinite)) return true;
  }
  return false;
}
