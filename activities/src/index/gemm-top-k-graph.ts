/**
 * Two ONNX graphs, written as protobuf by hand (onnx.proto, IR version 8, opset 17): no model file to ship.
 *
 * `gemm`: queries float32 [q, d], documents float32 [n, d] -> scores float32 [q, n] = queries x documents^T.
 * `gemmTopK`: the same and k int64 [1] -> values float32 [q, k], indices int64 [q, k], descending.
 */
export function searchGraph(kind: 'gemm' | 'gemmTopK'): Uint8Array {
  const gemm = node('Gemm', ['queries', 'documents'], ['scores'], [attribute('transB', 1)]);
  const inputs = [tensor('queries', FLOAT, ['q', 'd']), tensor('documents', FLOAT, ['n', 'd'])];
  const graph =
    kind === 'gemm'
      ? graphOf([gemm], inputs, [tensor('scores', FLOAT, ['q', 'n'])])
      : graphOf(
          [
            gemm,
            node(
              'TopK',
              ['scores', 'k'],
              ['values', 'indices'],
              [attribute('axis', 1), attribute('sorted', 1)],
            ),
          ],
          [...inputs, tensor('k', INT64, [1])],
          [tensor('values', FLOAT, ['q', 'm']), tensor('indices', INT64, ['q', 'm'])],
        );
  const opset = [...text(1, ''), ...number(2, 17)];
  return Uint8Array.from([...number(1, 8), ...text(2, 'quarry'), ...message(7, graph), ...message(8, opset)]);
}

const FLOAT = 1;
const INT64 = 7;
/** AttributeProto.AttributeType.INT */
const ATTRIBUTE_INT = 2;

function graphOf(nodes: number[][], inputs: number[][], outputs: number[][]): number[] {
  return [
    ...nodes.flatMap((n) => message(1, n)),
    ...text(2, 'search'),
    ...inputs.flatMap((i) => message(11, i)),
    ...outputs.flatMap((o) => message(12, o)),
  ];
}

function node(operator: string, inputs: string[], outputs: string[], attributes: number[][]): number[] {
  return [
    ...inputs.flatMap((name) => text(1, name)),
    ...outputs.flatMap((name) => text(2, name)),
    ...text(4, operator),
    ...attributes.flatMap((a) => message(5, a)),
  ];
}

function attribute(name: string, value: number): number[] {
  return [...text(1, name), ...number(3, value), ...number(20, ATTRIBUTE_INT)];
}

/** A ValueInfoProto; a string dimension is a free one. */
function tensor(name: string, element: number, shape: readonly (string | number)[]): number[] {
  const dimensions = shape.flatMap((size) =>
    message(1, typeof size === 'number' ? number(1, size) : text(2, size)),
  );
  const type = message(1, [...number(1, element), ...message(2, dimensions)]);
  return [...text(1, name), ...message(2, type)];
}

function number(field: number, value: number): number[] {
  return [...varint(field << 3), ...varint(value)];
}

function text(field: number, value: string): number[] {
  return message(field, [...new TextEncoder().encode(value)]);
}

function message(field: number, bytes: readonly number[]): number[] {
  return [...varint((field << 3) | 2), ...varint(bytes.length), ...bytes];
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}
