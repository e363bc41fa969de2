import { QuarryError } from '../../failures.ts';
import type { GraphView } from '../onnx/graph-view.ts';
import type { Node } from '../onnx/node.ts';
import { EXPECTED_NORM, normalisationOf } from './final-norm.ts';

/** The part of a decoder that turns hidden states into logits. */
export interface LanguageHead {
  /** The multiplication with the vocabulary's matrix. */
  readonly product: Node;
  /** The tensor [batch, sequence, hidden] after the final norm, before anything selects tokens. */
  readonly hidden: string;
  /** How the norm was recognised. */
  readonly norm: string;
}

export const LOGITS = 'logits';

/** Between head and logits: scaling, soft-capping, bias, selection of tokens; the first input goes on. */
const AFTER_PRODUCT = new Set(
  'Cast Identity Tanh Mul Div Add Sub Slice Gather Reshape DequantizeLinear QuantizeLinear'.split(' '),
);
/** Multiplications by a constant matrix, with the place of the matrix among the inputs. */
const PRODUCTS = new Map([
  ['MatMul', 1],
  ['Gemm', 1],
  ['FusedMatMul', 1],
  ['MatMulNBits', 1],
  ['MatMulBnb4', 1],
  ['MatMulInteger', 1],
  ['MatMulIntegerToFloat', 1],
  ['DynamicQuantizeMatMul', 1],
  ['QLinearMatMul', 3],
]);
/** Between the norm and the head: quantisation of activations, and which tokens' logits are wanted. */
const BEFORE_PRODUCT = new Set(
  'Cast Identity Slice Gather GatherND Reshape DynamicQuantizeLinear QuantizeLinear DequantizeLinear'.split(
    ' ',
  ),
);

/**
 * Finds the LM head of a decoder by walking back from `logits`. Nothing is guessed: what is not known is refused.
 *
 * @param where names the graph in errors
 * @throws QuarryError BadModel with what was found and what was expected
 */
export function findLanguageHead(graph: GraphView, where: string): LanguageHead {
  if (!graph.outputs.some(({ name }) => name === LOGITS)) {
    const names = graph.outputs.map(({ name }) => name);
    throw new QuarryError(
      'BadModel',
      `${where}: outputs ${names.slice(0, 8).join(', ')}: there is no ${LOGITS}, so this is no language model with a head to cut`,
    );
  }
  const found = productOf(graph, LOGITS);
  if (!('product' in found)) {
    throw new QuarryError(
      'BadModel',
      `${where}: unknown head: walking back from ${LOGITS}, found ${found.stopped}; expected ${[...PRODUCTS.keys()].join(', ')} with a constant matrix, behind ${[...AFTER_PRODUCT].join(', ')} at most`,
    );
  }
  return { product: found.product, ...hiddenOf(graph, found.product, where) };
}

type Walk = { readonly product: Node } | { readonly stopped: string };

function productOf(graph: GraphView, name: string): Walk {
  const node = graph.producer(name);
  if (!node) return { stopped: `the ${graph.isConstant(name) ? 'constant' : 'input'} ${name}` };
  const matrix = PRODUCTS.get(node.operator);
  if (matrix !== undefined && graph.isConstant(node.inputs[matrix] ?? '')) return { product: node };
  if (!AFTER_PRODUCT.has(node.operator)) return { stopped: described(node) };
  // Scales of quantised products are computed beside the values, so two inputs may vary: one of them leads to the head.
  const open = node.inputs.filter((input) => input !== '' && !graph.isConstant(input));
  const selects = node.operator === 'Slice' || node.operator === 'Gather' || node.operator === 'Reshape';
  const walks = (selects ? open.slice(0, 1) : open).map((input) => productOf(graph, input));
  return walks.find((walk) => 'product' in walk) ?? walks[0] ?? { stopped: described(node) };
}

function hiddenOf(graph: GraphView, product: Node, where: string): Omit<LanguageHead, 'product'> {
  let name = product.inputs[0]!;
  for (;;) {
    const norm = normalisationOf(graph, name);
    if (norm !== null) return { hidden: name, norm };
    const node = graph.producer(name);
    const scaled = node && ['Mul', 'Div'].includes(node.operator) ? scaledInput(graph, node) : null;
    if (scaled !== null) name = scaled;
    else if (node && BEFORE_PRODUCT.has(node.operator)) name = node.inputs[0]!;
    else {
      const found = node ? described(node) : `the input ${name}`;
      throw new QuarryError(
        'BadModel',
        `${where}: the head (${described(product)}) reads ${name}, which comes from ${found}; expected ${EXPECTED_NORM}. Without it the state would be the one before the final norm`,
      );
    }
  }
}

/** x of x times (or by) a constant number, which changes no direction. */
function scaledInput(graph: GraphView, node: Node): string | null {
  const variable = graph.variableInput(node);
  return variable !== null && node.inputs.every((name) => name === variable || graph.isScalar(name))
    ? variable
    : null;
}

function described({ operator, name }: Node): string {
  return name === '' ? operator : `${operator} ${name}`;
}
