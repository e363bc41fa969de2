import { fieldsIn, int64At, textOf } from './wire.ts';

/** An input, output or inner tensor with its type, where it is a tensor (ValueInfoProto). */
export interface Value {
  readonly name: string;
  /** TensorProto.DataType; 0 where it is no tensor, or not said. */
  readonly element: number;
  /** A string is a free dimension (empty: unnamed); null where the graph says nothing. */
  readonly shape: readonly (number | string)[] | null;
}

export function decodeValue(bytes: Uint8Array): Value {
  let name = '';
  let element = 0;
  let shape: (number | string)[] | null = null;
  for (const field of fieldsIn(bytes)) {
    if (field.number === 1) name = textOf(bytes, field);
    else if (field.number === 2 && field.type === 2) {
      const tensor = memberOf(bytes.subarray(field.value, field.end), 1);
      if (tensor === null) continue;
      for (const inner of fieldsIn(tensor)) {
        if (inner.number === 1) element = int64At(tensor, inner.value)[0];
        else if (inner.number === 2) shape = shapeOf(tensor.subarray(inner.value, inner.end));
      }
    }
  }
  return { name, element, shape };
}

function shapeOf(bytes: Uint8Array): (number | string)[] {
  const shape: (number | string)[] = [];
  for (const { number, value, end } of fieldsIn(bytes)) {
    if (number !== 1) continue;
    const dimension = bytes.subarray(value, end);
    let size: number | string = '';
    for (const field of fieldsIn(dimension)) {
      if (field.number === 1) size = int64At(dimension, field.value)[0];
      else if (field.number === 2) size = textOf(dimension, field);
    }
    shape.push(size);
  }
  return shape;
}

function memberOf(bytes: Uint8Array, number: number): Uint8Array | null {
  for (const field of fieldsIn(bytes))
    if (field.number === number && field.type === 2) return bytes.subarray(field.value, field.end);
  return null;
}
