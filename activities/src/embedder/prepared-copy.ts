import { createHash } from 'node:crypto';
import { copyFile, link, mkdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ModelFiles } from './model-files.ts';
import { preparedPath } from './model-graphs.ts';
import { OnnxFile } from './onnx/onnx-file.ts';
import { writeEmbeddingGraph } from './prepare/embedding-graph.ts';

const copies = new Map<string, Promise<string>>();

/**
 * A directory with everything that a model's has, as links, and the decoder prepared: for models whose directory was not
 * (`quarry model prepare` does it once for all). Made once per process, in its scratch directory; the same bytes
 * everywhere.
 *
 * @param graph path of the decoder that offers logits
 * @throws QuarryError BadModel where the graph does not fit
 */
export function preparedCopy(files: ModelFiles, graph: string, scratch: string): Promise<string> {
  const key = `${files.directory}\n${graph}`;
  let copy = copies.get(key);
  if (!copy) {
    copy = makeCopy(files, graph, scratch);
    copies.set(key, copy);
    copy.catch(() => copies.delete(key));
  }
  return copy;
}

async function makeCopy({ directory, present }: ModelFiles, graph: string, scratch: string): Promise<string> {
  const { size, mtimeMs } = await stat(join(directory, graph));
  const name = createHash('sha256')
    .update(`${directory}\n${graph}\n${size}\n${mtimeMs}`)
    .digest('hex')
    .slice(0, 16);
  const target = join(scratch, 'models', `prepared-${name}`);
  if (await stat(target).catch(() => null)) return target;
  const partial = `${target}.${process.pid}`;
  await rm(partial, { recursive: true, force: true });
  try {
    for (const path of present) {
      // The graph itself is replaced, and quarry.json speaks of the directory as it was.
      if (path === 'quarry.json' || path === graph) continue;
      await mkdir(dirname(join(partial, path)), { recursive: true });
      await share(join(directory, path), join(partial, path));
    }
    await mkdir(dirname(join(partial, graph)), { recursive: true });
    await writeEmbeddingGraph(OnnxFile.read(join(directory, graph)), join(partial, preparedPath(graph)!));
    await rename(partial, target);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return target;
}

/** A hard link, because onnxruntime refuses weights that a symbolic one leads out of the directory; else a copy. */
async function share(source: string, target: string): Promise<void> {
  await link(await realpath(source), target).catch(() => copyFile(source, target));
}
