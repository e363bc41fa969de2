import { copyFile, link, mkdir, mkdtemp, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GRAPH, nodeField, valueField } from '../onnx/graph-parts.ts';
import { GraphView } from '../onnx/graph-view.ts';
import { OnnxFile } from '../onnx/onnx-file.ts';
import { findLanguageHead, LOGITS } from '../prepare/language-head.ts';

/** float32 [1, 1, hidden] */
export const STATE = 'quarry/state';

/** TensorProto.DataType of floats. */
const FLOATS = new Set([1, 10, 16]);

/**
 * The head of a decoder as a graph of its own: {@link STATE} in, logits out. With it a prepared graph's vectors are held
 * against the logits of the original.
 *
 * @param path the original graph
 * @returns path of the head's graph, in a new directory in `scratch` with links to the weights beside it
 */
export async function writeHeadGraph(path: string, scratch: string): Promise<string> {
  const file = OnnxFile.read(path);
  const graph = new GraphView(file.parts);
  const { hidden, product } = findLanguageHead(graph, path);
  const kept = new Set([...graph.needed([LOGITS])].filter((name) => !graph.needed([hidden]).has(name)));
  // Constants that the body uses as well (tied tables) are needed again.
  const reach = (name: string): void => {
    if (name === hidden || name === '') return;
    kept.add(name);
    const node = graph.producer(name);
    for (const input of [...(node?.inputs ?? []), ...(node?.captured ?? [])])
      if (!kept.has(input)) reach(input);
  };
  for (const name of [...kept]) for (const input of graph.producer(name)?.inputs ?? []) reach(input);
  const element = product.inputs
    .map((name) => graph.constants.get(name)?.element ?? 0)
    .find((e) => FLOATS.has(e));
  await mkdir(scratch, { recursive: true });
  const directory = await mkdtemp(join(scratch, 'head-'));
  for (const name of new Set(
    [...graph.constants.values()].flatMap(({ externalFile }) => externalFile ?? []),
  )) {
    const source = await realpath(join(dirname(path), name));
    await link(source, join(directory, name)).catch(() => copyFile(source, join(directory, name)));
  }
  const target = join(directory, 'head.onnx');
  await file.write(target, {
    keep: (part) => {
      if (part.kind === 'node') return part.node.outputs.some((name) => kept.has(name) && name !== hidden);
      if (part.kind === 'initializer') return kept.has(part.tensor.name);
      if (part.kind === 'input') return kept.has(part.value.name);
      if (part.kind === 'output') return part.value.name === LOGITS;
      return part.kind === 'other';
    },
    before: [
      nodeField({ operator: 'Cast', inputs: [STATE], outputs: [hidden], attributes: { to: element ?? 1 } }),
      valueField(GRAPH.input, STATE, 'float32', [1, 1, 'hidden_size']),
    ],
  });
  return target;
}
