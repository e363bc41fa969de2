import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { QuarryError } from '../../failures.ts';
import { type Bytes, FileBytes } from './bytes.ts';
import { concat, header } from './encode.ts';
import { GRAPH } from './graph-parts.ts';
import { decodeNode, type Node } from './node.ts';
import { type Tensor, tensorAt } from './tensor.ts';
import { decodeValue, type Value } from './value.ts';
import { type Field, fieldsIn, fieldsOf, int64At, textOf, WireError } from './wire.ts';

/** One field of the graph and what it says; its bytes stay in the file. */
export type Part = { readonly start: number; readonly end: number } & (
  | { readonly kind: 'node'; readonly node: Node }
  | { readonly kind: 'initializer'; readonly tensor: Tensor }
  | { readonly kind: 'input' | 'output' | 'valueInfo'; readonly value: Value }
  | { readonly kind: 'annotation'; readonly tensorName: string }
  | { readonly kind: 'other' }
);

/** What becomes of a graph. */
export interface GraphEdit {
  /** Parts that stay, in their order. */
  readonly keep: (part: Part) => boolean;
  /** Fields of GraphProto to put before them: a node stands behind those that give its inputs. */
  readonly before?: readonly Uint8Array[];
  /** Fields of GraphProto to put behind them. */
  readonly after?: readonly Uint8Array[];
}

export interface WrittenFile {
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * An ONNX file (ModelProto) as places of its parts: names, shapes and operators are read, values of tensors are not, so
 * that memory does not grow with the weights. What is written from it keeps every byte that is not changed, fields
 * unknown to this code included.
 */
export class OnnxFile {
  readonly path: string;
  readonly size: number;
  readonly parts: readonly Part[];
  /** Version of ONNX's own operators. */
  readonly opset: number;
  readonly #graph: Field;

  /** @throws QuarryError BadModel where the file is no ONNX model */
  static read(path: string): OnnxFile {
    const bytes = new FileBytes(path);
    try {
      return new OnnxFile(path, bytes);
    } catch (cause) {
      if (!(cause instanceof WireError)) throw cause;
      throw new QuarryError(
        'BadModel',
        `${path}: not an ONNX file, or cut off (${cause.message}); fetch it again`,
        { cause },
      );
    } finally {
      bytes.close();
    }
  }

  constructor(path: string, bytes: Bytes) {
    this.path = path;
    this.size = bytes.size;
    const fields = [...fieldsOf(bytes)];
    const graphs = fields.filter(({ number, type }) => number === 7 && type === 2);
    if (graphs.length !== 1) throw new WireError(`${graphs.length} graphs`);
    this.#graph = graphs[0]!;
    this.opset = opsetOf(bytes, fields);
    this.parts = [...fieldsOf(bytes, this.#graph.value, this.#graph.end)].map((field) =>
      partOf(bytes, field),
    );
  }

  /**
   * Writes the model to a new file, its graph changed. Memory: a buffer of 4 MiB and what is added.
   *
   * @returns sha256 and length of what was written
   */
  async write(target: string, { keep, before = [], after = [] }: GraphEdit): Promise<WrittenFile> {
    const kept = this.parts.filter(keep);
    const head = concat(...before);
    const tail = concat(...after);
    const length = kept.reduce((sum, { start, end }) => sum + end - start, head.length + tail.length);
    const source = await open(this.path, 'r');
    const output = await open(target, 'wx');
    try {
      const sink = new HashedFile(output);
      await copy(source, 0, this.#graph.start, sink);
      const unchanged = length === this.#graph.end - this.#graph.value;
      if (unchanged) await copy(source, this.#graph.start, this.#graph.value, sink);
      else await sink.write(header(7, 2, length));
      await sink.write(head);
      for (const { start, end } of runs(kept)) await copy(source, start, end, sink);
      await sink.write(tail);
      await copy(source, this.#graph.end, this.size, sink);
      await output.sync();
      return { sha256: sink.sha256(), bytes: sink.bytes };
    } finally {
      await source.close();
      await output.close();
    }
  }
}

function opsetOf(bytes: Bytes, fields: readonly Field[]): number {
  for (const { number, value, end } of fields) {
    if (number !== 8) continue;
    const message = bytes.read(value, end);
    let domain = '';
    let version = 0;
    for (const field of fieldsIn(message)) {
      if (field.number === 1) domain = textOf(message, field);
      else if (field.number === 2) version = int64At(message, field.value)[0];
    }
    if (domain === '' || domain === 'ai.onnx') return version;
  }
  return 0;
}

function partOf(bytes: Bytes, { number, type, start, value, end }: Field): Part {
  if (type !== 2) return { kind: 'other', start, end };
  const place = { start, end };
  const content = (): Uint8Array => bytes.read(value, end).slice();
  switch (number) {
    case GRAPH.node:
      return { kind: 'node', node: decodeNode(content()), ...place };
    case GRAPH.initializer:
      return { kind: 'initializer', tensor: tensorAt(bytes, value, end), ...place };
    case GRAPH.input:
      return { kind: 'input', value: decodeValue(content()), ...place };
    case GRAPH.output:
      return { kind: 'output', value: decodeValue(content()), ...place };
    case GRAPH.valueInfo:
      return { kind: 'valueInfo', value: decodeValue(content()), ...place };
    case GRAPH.annotation:
      return { kind: 'annotation', tensorName: decodeValue(content()).name, ...place };
    default:
      return { kind: 'other', ...place };
  }
}

/** Parts that lie one behind the other, as one. */
function runs(parts: readonly Part[]): { start: number; end: number }[] {
  const joined: { start: number; end: number }[] = [];
  for (const { start, end } of parts) {
    const last = joined.at(-1);
    if (last?.end === start) last.end = end;
    else joined.push({ start, end });
  }
  return joined;
}

const CHUNK = 4 << 20;

async function copy(source: FileHandle, start: number, end: number, sink: HashedFile): Promise<void> {
  const buffer = new Uint8Array(Math.min(CHUNK, end - start));
  for (let at = start; at < end; ) {
    const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, end - at), at);
    if (bytesRead === 0) throw new Error('the file became shorter while it was copied');
    await sink.write(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/** Writes one behind the other, and hashes what it writes. */
class HashedFile {
  bytes = 0;
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    for (let at = 0; at < bytes.length; ) {
      at += (await this.#file.write(bytes, at, bytes.length - at)).bytesWritten;
    }
    this.bytes += bytes.length;
  }

  sha256(): string {
    return this.#hash.digest('hex');
  }
}
