import { createHash } from 'node:crypto';
import { copyFile, link, mkdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sharedDirectory } from '../storage/shared-directory.ts';
import type { ModelFiles } from './model-files.ts';
import { preparedPath } from './model-graphs.ts';
import { OnnxFile } from './onnx/onnx-file.ts';
import { writeEmbeddingGraph } from './prepare/embedding-graph.ts';

/** Part of a copy's name: goes up when the rewrite gives other bytes. */
const REWRITE_VERSION = 1;

/**
 * A directory with everything that a model's has, as links, and the decoder prepared: for models whose directory was not
 * (`quarry model prepare` does it there). The first process of a machine makes it; the same bytes everywhere.
 *
 * @param graph path of the decoder that offers logits
 * @param models directory that the processes of the machine share
 * @throws QuarryError BadModel where the graph does not fit
 */
export async function preparedCopy(files: ModelFiles, graph: string, models: string): Promise<string> {
  const { directory, present } = files;
  const key = createHash('sha256').update(`${REWRITE_VERSION}\n${await realpath(directory)}\n${graph}\n`);
  for (const path of present) {
    const { size, mtimeMs } = await stat(join(directory, path));
    key.update(`${path}\n${size}\n${mtimeMs}\n`);
  }
  const target = join(models, `prepared-${key.digest('hex').slice(0, 32)}`);
  return sharedDirectory(target, (partial) => fill(partial, files, graph));
}

async function fill(target: string, { directory, present }: ModelFiles, graph: string): Promise<void> {
  for (const path of present) {
    // The graph itself is replaced, and quarry.json speaks of the directory as it was.
    if (path === 'quarry.json' || path === graph) continue;
    await mkdir(dirname(join(target, path)), { recursive: true });
    await share(join(directory, path), join(target, path));
  }
  await mkdir(dirname(join(target, graph)), { recursive: true });
  await writeEmbeddingGraph(OnnxFile.read(join(directory, graph)), join(target, preparedPath(graph)!));
}

/** A hard link, because onnxruntime refuses weights that a symbolic one leads out of the directory; else a copy. */
async function share(source: string, target: string): Promise<void> {
  await link(await realpath(source), target).catch(() => copyFile(source, target));
}
