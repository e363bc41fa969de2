import { QuarryError } from '../../failures.ts';
import { GRAPH, int64Constant, nodeField, valueField } from '../onnx/graph-parts.ts';
import { GraphView } from '../onnx/graph-view.ts';
import type { GraphEdit, OnnxFile, Part, WrittenFile } from '../onnx/onnx-file.ts';
import { findLanguageHead, type LanguageHead } from './language-head.ts';

/** int64 [batch]: place of the token whose state is wanted. */
export const LAST_TOKEN = 'last_token_index';
/** float32 [batch, hidden], L2-normalised. */
export const EMBEDDING = 'sentence_embedding';

/** ONNX's own operators since when GatherND knows batches. */
const OLDEST_OPSET = 12;

/**
 * Writes a decoder's graph without its head: input {@link LAST_TOKEN}, output {@link EMBEDDING}. What the vector does
 * not depend on is gone (`present.*`, the head's matrix); weights in external files are not touched, so that the target
 * must lie in the directory of the original.
 *
 * @throws QuarryError BadModel where the graph does not fit
 */
export async function writeEmbeddingGraph(
  file: OnnxFile,
  target: string,
): Promise<WrittenFile & { readonly head: LanguageHead }> {
  if (file.opset < OLDEST_OPSET) {
    throw new QuarryError(
      'BadModel',
      `${file.path}: exported with opset ${file.opset}; ${OLDEST_OPSET} or later is needed: export it again`,
    );
  }
  const graph = new GraphView(file.parts);
  const head = findLanguageHead(graph, file.path);
  const written = await file.write(target, embeddingEdit(file, graph, head.hidden));
  return { ...written, head };
}

function embeddingEdit(file: OnnxFile, graph: GraphView, hidden: string): GraphEdit {
  const indices = 'quarry/indices';
  const axes = 'quarry/axes';
  // Axes are an attribute before opset 13, an input since.
  const unsqueeze =
    file.opset >= 13
      ? [
          int64Constant(axes, [1]),
          nodeField({ operator: 'Unsqueeze', inputs: [LAST_TOKEN, axes], outputs: [indices] }),
        ]
      : [
          nodeField({
            operator: 'Unsqueeze',
            inputs: [LAST_TOKEN],
            outputs: [indices],
            attributes: { axes: [1] },
          }),
        ];
  const after = [
    ...unsqueeze,
    nodeField({
      operator: 'GatherND',
      inputs: [hidden, indices],
      outputs: ['quarry/last_state'],
      attributes: { batch_dims: 1 },
    }),
    nodeField({
      operator: 'Cast',
      inputs: ['quarry/last_state'],
      outputs: ['quarry/last_state_float32'],
      attributes: { to: 1 },
    }),
    nodeField({
      operator: 'LpNormalization',
      inputs: ['quarry/last_state_float32'],
      outputs: [EMBEDDING],
      attributes: { axis: -1, p: 2 },
    }),
    valueField(GRAPH.input, LAST_TOKEN, 'int64', ['batch_size']),
    valueField(GRAPH.output, EMBEDDING, 'float32', ['batch_size', 'hidden_size']),
  ];
  return { keep: partsNeeded(graph, [hidden]), after };
}

/** The parts that some tensors depend on; outputs of the graph are not among them. */
export function partsNeeded(graph: GraphView, names: readonly string[]): (part: Part) => boolean {
  const needed = graph.needed(names);
  return (part) => {
    if (part.kind === 'node') return part.node.outputs.some((name) => needed.has(name));
    if (part.kind === 'initializer') return needed.has(part.tensor.name);
    if (part.kind === 'input' || part.kind === 'valueInfo') return needed.has(part.value.name);
    if (part.kind === 'annotation') return needed.has(part.tensorName);
    return part.kind === 'other';
  };
}
