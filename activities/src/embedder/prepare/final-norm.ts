import type { GraphView } from '../onnx/graph-view.ts';
import type { Node } from '../onnx/node.ts';

/** Operations that are a normalisation as a whole; the first output is the normalised one. */
const NORMALISATIONS = new Set([
  'SimplifiedLayerNormalization',
  'SkipSimplifiedLayerNormalization',
  'LayerNormalization',
  'SkipLayerNormalization',
  'RMSNormalization',
]);

/** What a recognised tensor must come from, for messages. */
export const EXPECTED_NORM =
  'a normalisation: (Skip)SimplifiedLayerNormalization, (Skip)LayerNormalization, RMSNormalization, or its parts (x / Sqrt(ReduceMean(x^2) + epsilon)) x weight';

/**
 * Recognises by structure whether a tensor is a layer's normalised output (root mean square or LayerNorm), fused or in
 * its parts, weight and bias included.
 *
 * @returns the name of what was recognised; null: it is something else
 */
export function normalisationOf(graph: GraphView, name: string): string | null {
  const node = graph.producer(name);
  if (!node) return null;
  if (NORMALISATIONS.has(node.operator)) return node.outputs[0] === name ? node.operator : null;
  if (isNormalised(graph, node)) return 'normalisation without weights';
  if (node.operator === 'Mul') return isWeighted(graph, node) ? 'RMSNorm in parts' : null;
  if (node.operator !== 'Add') return null;
  const inner = producerBehindCasts(graph, graph.variableInput(node));
  return inner?.operator === 'Mul' && isWeighted(graph, inner) ? 'LayerNorm in parts' : null;
}

/** normalised x weight, the weight a constant */
function isWeighted(graph: GraphView, multiply: Node): boolean {
  const inner = producerBehindCasts(graph, graph.variableInput(multiply));
  return inner !== undefined && isNormalised(graph, inner);
}

/** x / sqrt(mean of squares + epsilon), however the division is written. */
function isNormalised(graph: GraphView, node: Node): boolean {
  const [a, b] = node.inputs;
  if (node.operator === 'Div') return isRoot(graph, b);
  return node.operator === 'Mul' && (isInverseRoot(graph, a) || isInverseRoot(graph, b));
}

function isInverseRoot(graph: GraphView, name: string | undefined): boolean {
  const node = producerBehindCasts(graph, name);
  if (!node) return false;
  const [a, b] = node.inputs;
  if (node.operator === 'Reciprocal') return isRoot(graph, a);
  if (node.operator === 'Div') return graph.isConstant(a!) && isRoot(graph, b);
  if (node.operator === 'Pow') return graph.isConstant(b!) && isMeanOfSquares(graph, a);
  return node.operator === 'Rsqrt' && isMeanOfSquares(graph, a);
}

function isRoot(graph: GraphView, name: string | undefined): boolean {
  const node = producerBehindCasts(graph, name);
  if (node?.operator === 'Sqrt') return isMeanOfSquares(graph, node.inputs[0]);
  return node?.operator === 'Pow' && isMeanOfSquares(graph, node.inputs[0]);
}

/** ReduceMean of x^2, the epsilon added or not */
function isMeanOfSquares(graph: GraphView, name: string | undefined): boolean {
  const node = producerBehindCasts(graph, name);
  if (node?.operator === 'Add') {
    const inner = graph.variableInput(node);
    return inner !== null && isMeanOfSquares(graph, inner);
  }
  if (node?.operator !== 'ReduceMean') return false;
  const square = producerBehindCasts(graph, node.inputs[0]);
  if (square?.operator === 'Mul') return square.inputs[0] === square.inputs[1];
  return square?.operator === 'Pow' && graph.isConstant(square.inputs[1]!);
}

function producerBehindCasts(graph: GraphView, name: string | null | undefined): Node | undefined {
  let node = graph.producer(name ?? undefined);
  while (node?.operator === 'Cast' || node?.operator === 'Identity') node = graph.producer(node.inputs[0]);
  return node;
}
