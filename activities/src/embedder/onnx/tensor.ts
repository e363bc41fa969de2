import type { Bytes } from './bytes.ts';
import { type Field, fieldsIn, fieldsOf, int64At, int64sOf, textOf } from './wire.ts';

/** A constant of a graph (TensorProto) without its values. */
export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** TensorProto.DataType */
  readonly element: number;
  /** File beside the graph that holds the values; null: they are inline. */
  readonly externalFile: string | null;
  /** Bytes of that file that are the values; the end is 0 where the graph does not say. */
  readonly externalStart: number;
  readonly externalEnd: number;
}

/** A value larger than this is weights. */
const LARGEST_NAME = 1 << 16;

export function tensorAt(bytes: Bytes, start: number, end: number): Tensor {
  const shape: number[] = [];
  const external = new Map<string, string>();
  let name = '';
  let element = 0;
  for (const field of fieldsOf(bytes, start, end)) {
    if (field.end - field.value > LARGEST_NAME) continue;
    const message = (): readonly [Uint8Array, Field] => {
      const view = bytes.read(field.value, field.end);
      return [view, { ...field, value: 0, end: view.length }];
    };
    if (field.number === 1) shape.push(...int64sOf(...message()));
    else if (field.number === 2) element = int64At(message()[0], 0)[0];
    else if (field.number === 8) name = textOf(...message());
    else if (field.number === 13) external.set(...entryOf(message()[0]));
  }
  const externalFile = external.get('location') ?? null;
  const length = Number(external.get('length') ?? 0);
  const externalStart = Number(external.get('offset') ?? 0);
  const externalEnd = length === 0 ? 0 : externalStart + length;
  return { name, shape, element, externalFile, externalStart, externalEnd };
}

/** A StringStringEntryProto. */
function entryOf(message: Uint8Array): [key: string, value: string] {
  let key = '';
  let value = '';
  for (const field of fieldsIn(message)) {
    if (field.number === 1) key = textOf(message, field);
    else if (field.number === 2) value = textOf(message, field);
  }
  return [key, value];
}
