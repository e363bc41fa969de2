import { type Element, initializerField, int64Constant, nodeField } from '../onnx/graph-parts.ts';
import { GraphView } from '../onnx/graph-view.ts';
import type { OnnxFile, WrittenFile } from '../onnx/onnx-file.ts';

/** Keys or values of a prefix, for one input of the graph. */
export interface PrefixState {
  /** `past_key_values.<layer>.<key or value>` */
  readonly input: string;
  readonly element: Element;
  /** [1, heads, tokens, head dimension] */
  readonly shape: readonly number[];
  readonly raw: Uint8Array;
}

/** ONNX's own operators since when Shape can give the batch size alone. */
const OLDEST_OPSET = 15;

/** Why a prefix cannot be baked into a graph; null: it can. */
export function prefixObstacle(file: OnnxFile): string | null {
  const graph = new GraphView(file.parts);
  if (graph.nodes.some(({ operator }) => operator === 'GroupQueryAttention'))
    return 'GroupQueryAttention takes earlier tokens for one row at a time only';
  if (!graph.inputs.some(({ name }) => name.startsWith('past_')))
    return 'it has no inputs for earlier tokens';
  if (file.opset < OLDEST_OPSET) return `opset ${file.opset}; ${OLDEST_OPSET} or later is needed`;
  return null;
}

/** Writes a prepared graph whose inputs for earlier tokens are constants, the same for every row of a batch. */
export function writePrefixGraph(
  file: OnnxFile,
  target: string,
  states: readonly PrefixState[],
): Promise<WrittenFile> {
  const graph = new GraphView(file.parts);
  const tokens = graph.inputs.find(({ name }) => name === 'input_ids' || name === 'inputs_embeds')!;
  const baked = new Set(states.map(({ input }) => input));
  const before = [
    int64Constant('quarry/ones', [1, 1, 1]),
    nodeField({
      operator: 'Shape',
      inputs: [tokens.name],
      outputs: ['quarry/rows'],
      attributes: { start: 0, end: 1 },
    }),
    nodeField({
      operator: 'Concat',
      inputs: ['quarry/rows', 'quarry/ones'],
      outputs: ['quarry/prefix_shape'],
      attributes: { axis: 0 },
    }),
    ...states.flatMap(({ input, element, shape, raw }) => [
      initializerField(`quarry/prefix/${input}`, element, shape, raw),
      nodeField({
        operator: 'Expand',
        inputs: [`quarry/prefix/${input}`, 'quarry/prefix_shape'],
        outputs: [input],
      }),
    ]),
  ];
  return file.write(target, { keep: (part) => part.kind !== 'input' || !baked.has(part.value.name), before });
}
