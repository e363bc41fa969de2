import { concat, int, message, text } from './encode.ts';

/** Parts of a graph to be written, as fields of GraphProto (onnx.proto). */

/** TensorProto.DataType */
export const ELEMENT = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  bfloat16: 16,
} as const;
export type Element = keyof typeof ELEMENT;

/** GraphProto's field numbers. */
export const GRAPH = {
  node: 1,
  initializer: 5,
  input: 11,
  output: 12,
  valueInfo: 13,
  annotation: 14,
} as const;

const ATTRIBUTE_INT = 2;
const ATTRIBUTE_INTS = 7;

export interface NodeParts {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
  readonly domain?: string;
}

/** A node; it is named after its first output. Attributes are integers. */
export function nodeField({
  operator,
  inputs,
  outputs,
  attributes = {},
  domain = '',
}: NodeParts): Uint8Array {
  return message(
    GRAPH.node,
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(3, outputs[0]!),
    text(4, operator),
    ...Object.entries(attributes).map(([name, value]) => message(5, attribute(name, value))),
    ...(domain === '' ? [] : [text(7, domain)]),
  );
}

function attribute(name: string, value: number | readonly number[]): Uint8Array {
  if (typeof value === 'number') return concat(text(1, name), int(3, value), int(20, ATTRIBUTE_INT));
  return concat(text(1, name), ...value.map((one) => int(8, one)), int(20, ATTRIBUTE_INTS));
}

/** A constant with its values inline. */
export function initializerField(
  name: string,
  element: Element,
  shape: readonly number[],
  raw: Uint8Array,
): Uint8Array {
  return message(
    GRAPH.initializer,
    ...shape.map((size) => int(1, size)),
    int(2, ELEMENT[element]),
    text(8, name),
    message(9, raw),
  );
}

/** int64 [values]: axes, indices and shapes. */
export function int64Constant(name: string, values: readonly number[]): Uint8Array {
  const raw = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return initializerField(name, 'int64', [values.length], raw);
}

/** An input or output; a string dimension is a free one. */
export function valueField(
  field: typeof GRAPH.input | typeof GRAPH.output,
  name: string,
  element: Element,
  shape: readonly (string | number)[],
): Uint8Array {
  const dimensions = shape.map((size) => message(1, typeof size === 'number' ? int(1, size) : text(2, size)));
  return message(
    field,
    text(1, name),
    message(2, message(1, int(1, ELEMENT[element]), message(2, ...dimensions))),
  );
}

/** A ModelProto of IR version 8 around fields of a graph. */
export function modelBytes(name: string, opset: number, graph: readonly Uint8Array[]): Uint8Array {
  return concat(
    int(1, 8),
    text(2, 'quarry'),
    message(7, ...graph, text(2, name)),
    message(8, text(1, ''), int(2, opset)),
  );
}
