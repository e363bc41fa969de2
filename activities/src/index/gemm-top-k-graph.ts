import { GRAPH, modelBytes, nodeField, valueField } from '../embedder/onnx/graph-parts.ts';

/**
 * Two ONNX graphs (onnx.proto, IR version 8, opset 17), so that there is no model file to ship.
 *
 * `gemm`: queries float32 [q, d], documents float32 [n, d] -> scores float32 [q, n] = queries x documents^T.
 * `gemmTopK`: the same and k int64 [1] -> values float32 [q, k], indices int64 [q, k], descending.
 */
export function searchGraph(kind: 'gemm' | 'gemmTopK'): Uint8Array {
  const gemm = nodeField({
    operator: 'Gemm',
    inputs: ['queries', 'documents'],
    outputs: ['scores'],
    attributes: { transB: 1 },
  });
  const topK = nodeField({
    operator: 'TopK',
    inputs: ['scores', 'k'],
    outputs: ['values', 'indices'],
    attributes: { axis: 1, sorted: 1 },
  });
  const inputs = [
    valueField(GRAPH.input, 'queries', 'float32', ['q', 'd']),
    valueField(GRAPH.input, 'documents', 'float32', ['n', 'd']),
  ];
  const parts =
    kind === 'gemm'
      ? [gemm, ...inputs, valueField(GRAPH.output, 'scores', 'float32', ['q', 'n'])]
      : [
          gemm,
          topK,
          ...inputs,
          valueField(GRAPH.input, 'k', 'int64', [1]),
          valueField(GRAPH.output, 'values', 'float32', ['q', 'm']),
          valueField(GRAPH.output, 'indices', 'int64', ['q', 'm']),
        ];
  return modelBytes('search', 17, parts);
}
