import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { concat, header, int, message, text } from '@quarry/activities/embedder/onnx/encode';
import { GRAPH, nodeField } from '@quarry/activities/embedder/onnx/graph-parts';
import { GraphView } from '@quarry/activities/embedder/onnx/graph-view';
import { type GraphEdit, OnnxFile, type Part } from '@quarry/activities/embedder/onnx/onnx-file';
import { fieldsIn } from '@quarry/activities/embedder/onnx/wire';

/** Rewrites a graph in place. */
async function editGraph(path: string, edit: (file: OnnxFile, graph: GraphView) => GraphEdit): Promise<void> {
  const file = OnnxFile.read(path);
  await file.write(`${path}.new`, edit(file, new GraphView(file.parts)));
  rmSync(path);
  renameSync(`${path}.new`, path);
}

const gives = (part: Part, name: string): boolean => part.kind === 'node' && part.node.outputs.includes(name);

/** A prepared graph that gathers the sum before the final norm. */
export function gatherBeforeNorm(path: string): Promise<void> {
  return editGraph(path, (_, graph) => {
    const gather = graph.producer('quarry/last_state')!;
    const norm = graph.producer(gather.inputs[0])!;
    const inputs = [sumBefore(graph, norm.outputs[0]!), 'quarry/indices'];
    const early = { operator: 'GatherND', inputs, outputs: ['quarry/early'], attributes: { batch_dims: 1 } };
    const cast = {
      operator: 'Cast',
      inputs: ['quarry/early'],
      outputs: ['quarry/last_state_float32'],
      attributes: { to: 1 },
    };
    return replaceTail(graph, ['quarry/last_state', 'quarry/last_state_float32'], [early, cast]);
  });
}

/** A prepared graph that takes the last place of the padded batch, whatever last_token_index says. */
export function gatherLastPlace(path: string): Promise<void> {
  return editGraph(path, (_, graph) => {
    const hidden = graph.producer('quarry/last_state')!.inputs[0]!;
    const nodes = [
      { operator: 'Shape', inputs: [hidden], outputs: ['shape'], attributes: { start: 1, end: 2 } },
      { operator: 'Sub', inputs: ['shape', 'quarry/axes'], outputs: ['place'] },
      { operator: 'Gather', inputs: [hidden, 'place'], outputs: ['taken'], attributes: { axis: 1 } },
      { operator: 'Squeeze', inputs: ['taken', 'quarry/axes'], outputs: ['quarry/last_state'] },
      // Stays an input that is looked at, and nothing more.
      { operator: 'Identity', inputs: ['last_token_index'], outputs: ['ignored'] },
    ];
    return replaceTail(graph, ['quarry/last_state', 'quarry/indices'], nodes);
  });
}

/** The old nodes go, and all that follow them stand behind the new ones. */
function replaceTail(
  graph: GraphView,
  outputs: readonly string[],
  nodes: readonly Parameters<typeof nodeField>[0][],
): GraphEdit {
  const normalise = graph.producer('sentence_embedding')!;
  const cast = graph.producer('quarry/last_state_float32')!;
  const gone = new Set([...outputs, ...normalise.outputs, ...cast.outputs]);
  const ends = [
    ...(outputs.includes('quarry/last_state_float32')
      ? []
      : [{ operator: 'Cast', inputs: cast.inputs, outputs: cast.outputs, attributes: { to: 1 } }]),
    {
      operator: 'LpNormalization',
      inputs: normalise.inputs,
      outputs: normalise.outputs,
      attributes: { axis: -1, p: 2 },
    },
  ];
  return {
    keep: (part) => ![...gone].some((name) => gives(part, name)),
    after: [...nodes, ...ends].map((node) => nodeField(node)),
  };
}

/** The residual sum that a final norm reads: the fourth output of a fused one, or the sum before its parts. */
function sumBefore(graph: GraphView, name: string): string {
  const node = graph.producer(name)!;
  if (node.operator === 'SkipSimplifiedLayerNormalization') return node.inputs[0]!;
  if (node.operator === 'Add') return name;
  const inner = node.inputs.find(
    (input) => !graph.isConstant(input) && graph.producer(input)?.operator !== 'Reciprocal',
  )!;
  return sumBefore(graph, inner);
}

/** Puts a NaN among the values of a float32 constant. */
export function spoil(path: string, name: (constant: string) => boolean): string {
  const bytes = readFileSync(path);
  const part = OnnxFile.read(path).parts.find(
    (found) => found.kind === 'initializer' && found.tensor.element === 1 && name(found.tensor.name),
  )!;
  const raw = rawOf(bytes, part);
  bytes.writeFloatLE(Number.NaN, raw.start + 4);
  writeFileSync(path, bytes);
  return part.kind === 'initializer' ? part.tensor.name : '';
}

/** Moves constants of more than `least` bytes into files beside the graph, in turn. */
export async function moveWeights(path: string, files: readonly string[], least = 256): Promise<void> {
  const bytes = readFileSync(path);
  const data = files.map((): Uint8Array[] => []);
  const moved: Uint8Array[] = [];
  const large = (part: Part): boolean => {
    if (part.kind !== 'initializer') return false;
    const raw = rawOf(bytes, part);
    return raw.end - raw.start > least;
  };
  let turn = 0;
  for (const part of OnnxFile.read(path).parts) {
    if (part.kind !== 'initializer' || !large(part)) continue;
    const { name, shape, element } = part.tensor;
    const raw = rawOf(bytes, part);
    const file = turn++ % files.length;
    const offset = data[file]!.reduce((sum, { length }) => sum + length, 0);
    data[file]!.push(bytes.subarray(raw.start, raw.end));
    const entry = (key: string, value: string | number) => message(13, text(1, key), text(2, String(value)));
    moved.push(
      message(
        GRAPH.initializer,
        ...shape.map((size) => int(1, size)),
        int(2, element),
        text(8, name),
        entry('location', files[file]!),
        entry('offset', offset),
        entry('length', raw.end - raw.start),
        int(14, 1),
      ),
    );
  }
  for (const [i, name] of files.entries())
    writeFileSync(join(dirname(path), basename(name)), concat(...data[i]!));
  await editGraph(path, () => ({ keep: (part) => !large(part), before: moved }));
}

function rawOf(bytes: Buffer, { start, end }: Part): { start: number; end: number } {
  const [tensor] = [...fieldsIn(bytes.subarray(start, end))];
  const base = start + tensor!.value;
  const raw = [...fieldsIn(bytes.subarray(base, start + tensor!.end))].find(({ number }) => number === 9);
  return raw ? { start: base + raw.value, end: base + raw.end } : { start: 0, end: 0 };
}

/** Exchanges the names of two outputs of a graph; the nodes keep what they compute. */
export function swapOutputs(path: string, a: string, b: string): Promise<void> {
  return editGraph(path, (_, graph) => {
    const rename = (from: string, to: string) =>
      nodeField({ operator: 'Identity', inputs: [from], outputs: [to] });
    const [givesA, givesB] = [graph.producer(a)!, graph.producer(b)!];
    const bytes = readFileSync(path);
    const renamed = [givesA, givesB].map((node) => {
      const part = OnnxFile.read(path).parts.find(
        (one) => one.kind === 'node' && one.node.name === node.name,
      )!;
      const own = bytes.subarray(part.start, part.end);
      const [field] = [...fieldsIn(own)];
      const body = own.subarray(field!.value, field!.end);
      const parts = [...fieldsIn(body)].map((f) => {
        if (f.number !== 2) return body.subarray(f.start, f.end);
        const output = body.subarray(f.value, f.end).toString();
        return output === a || output === b ? text(2, `${output}/kept`) : body.subarray(f.start, f.end);
      });
      return concat(header(GRAPH.node, 2, concat(...parts).length), ...parts);
    });
    return {
      keep: (part) => !(part.kind === 'node' && [givesA.name, givesB.name].includes(part.node.name)),
      after: [...renamed, rename(`${a}/kept`, b), rename(`${b}/kept`, a)],
    };
  });
}
