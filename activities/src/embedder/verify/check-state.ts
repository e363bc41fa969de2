import { join } from 'node:path';
import { GraphView } from '../onnx/graph-view.ts';
import { OnnxFile } from '../onnx/onnx-file.ts';
import { EMBEDDING, LAST_TOKEN } from '../prepare/embedding-graph.ts';
import { EXPECTED_NORM, normalisationOf } from '../prepare/final-norm.ts';
import { type Check, failed, ok, skipped } from './check.ts';

/** Whether a prepared graph takes its vector where `prepare` takes it: the normalised state, at the last token. */
export function checkState(directory: string, path: string): Check {
  const name = 'state';
  const graph = new GraphView(OnnxFile.read(join(directory, path)).parts);
  if (
    !graph.outputs.some((output) => output.name === EMBEDDING) ||
    !graph.inputs.some((i) => i.name === LAST_TOKEN)
  )
    return skipped(name, `${path} was not made by quarry model prepare`);
  const above = ['LpNormalization', 'Cast', 'GatherND'];
  let tensor = EMBEDDING;
  for (const operator of above) {
    const node = graph.producer(tensor);
    if (node?.operator !== operator) {
      return failed(
        name,
        `${path}: ${EMBEDDING} comes from ${node?.operator ?? 'an input'} where ${operator} was expected: outputs swapped, or a graph of another tool; run quarry model prepare again`,
      );
    }
    tensor = node.inputs[0]!;
  }
  const norm = normalisationOf(graph, tensor);
  if (norm !== null) return ok(name, `after ${norm}, at ${LAST_TOKEN}`);
  const found = graph.producer(tensor);
  return failed(
    name,
    `${path}: the vector is taken from ${tensor}, which comes from ${found?.operator ?? 'an input'}: the state before the final norm; expected ${EXPECTED_NORM}; run quarry model prepare again`,
  );
}
