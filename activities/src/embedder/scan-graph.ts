import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** What one pass over an ONNX file tells without parsing it. */
export interface GraphScan {
  /** sha256 of the file, hex. */
  readonly sha256: string;
  /** Names of the external data files, relative to the graph's directory, sorted. */
  readonly externalData: readonly string[];
  /** Activation scales are computed at run time over a whole tensor, so a row's vector depends on its batch. */
  readonly dynamicQuantization: boolean;
}

/** Operator types whose scales span the batch: DynamicQuantizeLinear, ...MatMul, ...LSTM. */
const DYNAMIC = Buffer.from('DynamicQuantize');
/** TensorProto.external_data: StringStringEntryProto {key: "location", value: <name>}, up to the value's length. */
const LOCATION = Buffer.from('\n\x08location\x12', 'latin1');
/** Bytes of a chunk looked at again with the next one; names are shorter. */
const OVERLAP = 512;

/** Streams the file in chunks of 1 MiB; memory does not grow with it. */
export async function scanGraph(path: string): Promise<GraphScan> {
  const hash = createHash('sha256');
  const externalData = new Set<string>();
  let dynamicQuantization = false;
  let tail: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
    const window = Buffer.concat([tail, chunk as Buffer]);
    dynamicQuantization ||= window.includes(DYNAMIC);
    for (const name of locations(window)) externalData.add(name);
    tail = window.subarray(Math.max(0, window.length - OVERLAP));
  }
  return { sha256: hash.digest('hex'), externalData: [...externalData].sort(), dynamicQuantization };
}

function* locations(window: Buffer): Generator<string> {
  for (let at = window.indexOf(LOCATION); at >= 0; at = window.indexOf(LOCATION, at + 1)) {
    const start = at + LOCATION.length + 1;
    const length = window[start - 1];
    // A name of 128 bytes or more, or one cut off by the chunk: the latter is whole in the next window.
    if (length === undefined || length >= 0x80 || start + length > window.length) continue;
    yield window.toString('utf8', start, start + length);
  }
}
