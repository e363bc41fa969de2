import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RowImage } from '@quarry/activities/dataset/row-content';
import { openModel } from '@quarry/activities/embedder/describe-model';
import { embedRows } from '@quarry/activities/embedder/embed-rows';
import { LoadedModel } from '@quarry/activities/embedder/loaded-model';
import { imagesAhead, PatchThreads } from '@quarry/activities/images/patch-threads';
import { createPool } from '@quarry/activities/pool/pool';
import { hashFile } from '@quarry/activities/stages/unit';
import { openStore } from '@quarry/activities/storage/open-store';
import { shared } from '../support/shared-data.ts';

const THREADS = 2;

/**
 * Photos through a vision-language model (`QUARRY_BENCH_MODEL`, a directory; default the bundled one): photos per second,
 * and the share of the time in which the session waits, against the time that it runs. Preparing alone as well.
 */
export async function benchImages(): Promise<Record<string, unknown>> {
  const photos = shared('data/flickr8k-500/images');
  if (!photos) return { skipped: 'shared/data/flickr8k-500 is missing' };
  const path = process.env.QUARRY_BENCH_MODEL ?? 'bundled:quarry-mini';
  const scratch = await mkdtemp(join(tmpdir(), 'quarry-bench-images-'));
  const pool = createPool({ threads: 1 });
  try {
    const uri = existsSync(path) ? pathToFileURL(path).href : path;
    const model = { kind: 'generator', path: uri, prompt: 'hierarchical' } as const;
    const { settings } = await openModel({ openStore, scratch, pool, threads: THREADS }, model);
    const images = settings.kind === 'generator' ? (settings.vision?.images ?? null) : null;
    if (!images) return { skipped: `${path} takes no images` };
    const rows = await rowsOf(photos);
    const root = pathToFileURL(photos).href;

    const alone = new PatchThreads(THREADS, root, images);
    await alone.patch(rows[0]!.image);
    const prepared = await timed(() => Promise.all(rows.map(({ image }) => alone.patch(image))));
    await alone.close();

    const loaded = await LoadedModel.load(settings, THREADS);
    let running = 0;
    const run = loaded.run.bind(loaded);
    loaded.run = async (batch) => {
      const start = performance.now();
      const output = await run(batch);
      running += (performance.now() - start) / 1000;
      return output;
    };
    const threads = new PatchThreads(THREADS, root, images);
    await threads.patch(rows[0]!.image);
    const target = { vectors: join(scratch, 'v.npy'), hashes: join(scratch, 'h.npy'), rows: rows.length };
    const source = { patch: threads.patch.bind(threads), ahead: imagesAhead(images) };
    const control = { aborted: false, progress: () => undefined };
    const all = await timed(() => embedRows(loaded, chunks(rows), 'document', target, control, source));
    await threads.close();
    return {
      photos: rows.length,
      threads: THREADS,
      preparedPerSecond: rows.length / prepared,
      embeddedPerSecond: rows.length / all,
      sessionRunsSeconds: running,
      otherwiseSeconds: all - running,
      waitingShare: (all - running) / all,
    };
  } finally {
    await pool.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Photo {
  readonly id: string;
  readonly text: string;
  readonly image: RowImage;
}

async function rowsOf(directory: string): Promise<Photo[]> {
  const rows: Photo[] = [];
  for (const name of readdirSync(directory).sort()) {
    const path = join(directory, name);
    await readFile(path);
    rows.push({ id: name, text: '', image: { path: name, sha256: await hashFile(path), bytes: null } });
  }
  return rows;
}

async function* chunks(rows: readonly Photo[]): AsyncGenerator<readonly Photo[]> {
  for (let start = 0; start < rows.length; start += 100) yield rows.slice(start, start + 100);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}
