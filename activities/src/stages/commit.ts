import { createHash } from 'node:crypto';
import type { Ref, RunRef } from '@quarry/workflows';
import { QuarryError } from '../failures.ts';
import { buildManifest } from '../report/manifest.ts';
import { type PublishedFile, readFiles, readMining, readRecall } from '../report/run-figures.ts';
import { runDirectory } from './arrangement.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { readRunDocument } from './run-document.ts';
import type { StageContext } from './stage-context.ts';

/** Files whose sizes are asked for at once. */
const CHECKS = 32;

/**
 * Puts `_manifest.json`, last and conditionally: only with it the run's files count. Every file was read back when it
 * was written; here each must still stand under its name with its size. The same manifest there already is success (our
 * own, or an earlier attempt's); another one is not replaced.
 *
 * Memory: the figures of 32 units, and the list of files.
 */
export async function commit(context: StageContext, unit: RunRef): Promise<{ readonly manifest: Ref }> {
  const run = await readRunDocument(context, unit);
  const directory = runDirectory(run);
  const { files } = await readFiles(context, unit, run);
  await mapConcurrently(files, CHECKS, (file) => checkSize(context, directory, file));
  const manifest = buildManifest(run, {
    funnel: (await readMining(context, unit, run)).funnel,
    recall: await readRecall(context, unit, run),
    files,
  });
  const bytes = new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`);
  const uri = `${directory}/_manifest.json`;
  const store = context.openStore(uri);
  context.signal.throwIfAborted();
  if (!(await store.writeIfAbsent(uri, bytes)) && Buffer.compare(await store.read(uri), bytes) !== 0) {
    throw new QuarryError(
      'OutputTaken',
      `${uri}: another run's manifest stands there, and it is not replaced; set output.path to another place, or remove ${directory} and start the job again`,
    );
  }
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  return { manifest: { uri, rows, sha256: createHash('sha256').update(bytes).digest('hex') } };
}

async function checkSize(context: StageContext, directory: string, file: PublishedFile): Promise<void> {
  context.signal.throwIfAborted();
  const uri = `${directory}/${file.path}`;
  const size = await context.openStore(uri).size(uri);
  if (size === file.bytes) return;
  throw new QuarryError(
    'BadArtefact',
    `${uri}: ${size === null ? 'is gone' : `has ${size} bytes`}, written were ${file.bytes}; something else changed the output: start the job again, which writes it anew`,
  );
}
