import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { QuarryError } from '../../failures.ts';
import {
  type DirectoryManifest,
  type FileRecord,
  type PreparedGraph,
  readDirectoryManifest,
  writeDirectoryManifest,
} from '../directory-manifest.ts';
import { filesOf } from '../model-directory.ts';
import { preparedPath } from '../model-graphs.ts';
import { OnnxFile } from '../onnx/onnx-file.ts';
import { writeEmbeddingGraph } from './embedding-graph.ts';
import { LOGITS } from './language-head.ts';

/** What `quarry model prepare` did with one graph. */
export interface Prepared extends PreparedGraph {
  /** Path of the prepared graph inside the directory. */
  readonly graph: string;
  readonly bytes: number;
}

const PARTIAL = '.partial';

/**
 * Rewrites every decoder of a directory that offers logits (`onnx/model*.onnx`, `onnx/decoder_model_merged*.onnx`) as
 * `onnx/embedding*.onnx` beside it, and writes `quarry.json`. Nothing half-written stays: each graph appears whole, and a
 * refused one leaves the directory as it was.
 *
 * @throws QuarryError BadModel where there is nothing to prepare, or a graph does not fit
 */
export async function prepareModel(
  directory: string,
): Promise<{ readonly prepared: readonly Prepared[]; readonly manifest: DirectoryManifest }> {
  const there = await stat(directory).catch(() => null);
  if (!there?.isDirectory()) {
    throw new QuarryError(
      'BadModel',
      `${directory} is no directory; give the one that holds config.json and onnx/`,
    );
  }
  const present = await filesOf(directory);
  for (const path of present) if (path.endsWith(`.onnx${PARTIAL}`)) await rm(join(directory, path));
  const graphs = present.filter((path) => preparedPath(path) !== null);
  const offering = graphs.filter((path) => offersLogits(join(directory, path)));
  if (offering.length === 0) {
    const advice =
      graphs.length > 0
        ? `${graphs.join(', ')} offers no ${LOGITS}; where it offers its hidden state it is used as it is`
        : `expected onnx/model*.onnx or onnx/decoder_model_merged*.onnx; there is: ${present.slice(0, 30).join(', ') || 'nothing'}`;
    throw new QuarryError('BadModel', `${directory}: nothing to prepare: ${advice}`);
  }
  const prepared: Prepared[] = [];
  const known: Record<string, FileRecord> = {};
  const partial = offering.map((path) => join(directory, `${preparedPath(path)}${PARTIAL}`));
  try {
    for (const [i, from] of offering.entries()) {
      const file = OnnxFile.read(join(directory, from));
      const { head, sha256, bytes } = await writeEmbeddingGraph(file, partial[i]!);
      const graph = preparedPath(from)!;
      known[graph] = { sha256, bytes };
      const { operator, name } = head.product;
      prepared.push({
        graph,
        from,
        head: name === '' ? operator : `${operator} ${name}`,
        norm: head.norm,
        bytes,
      });
    }
    for (const [i, { graph, from }] of prepared.entries()) {
      await rename(partial[i]!, join(directory, graph));
      await rm(join(directory, preparedPath(from, true)!), { force: true });
    }
  } finally {
    for (const path of partial) await rm(path, { force: true });
  }
  const before = await readDirectoryManifest(directory).catch(() => null);
  const made = prepared.map(({ graph, from, head, norm }) => [graph, { from, head, norm }] as const);
  const manifest = await writeDirectoryManifest(
    directory,
    { kind: 'generator', prepared: { ...stillThere(before, offering), ...Object.fromEntries(made) } },
    known,
  );
  return { prepared, manifest };
}

/** What the manifest says of graphs that were not made anew: a prefix that was baked in before is gone. */
function stillThere(before: DirectoryManifest | null, made: readonly string[]) {
  return Object.fromEntries(
    Object.entries(before?.prepared ?? {}).filter(([, { from }]) => !made.includes(from)),
  );
}

/** Whether a graph has logits among its outputs. */
export function offersLogits(path: string): boolean {
  return OnnxFile.read(path).parts.some((part) => part.kind === 'output' && part.value.name === LOGITS);
}
