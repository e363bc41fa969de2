import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RowImage } from '@quarry/activities/dataset/row-content';
import { openModel } from '@quarry/activities/embedder/describe-model';
import { embedRows, type ImageSource } from '@quarry/activities/embedder/embed-rows';
import type { ImageSettings } from '@quarry/activities/embedder/image-settings';
import { LoadedModel } from '@quarry/activities/embedder/loaded-model';
import { imagesAhead, PatchThreads } from '@quarry/activities/images/patch-threads';
import { createPool } from '@quarry/activities/pool/pool';
import { hashFile } from '@quarry/activities/stages/unit';
import { openStore } from '@quarry/activities/storage/open-store';
import { shared } from '../support/shared-data.ts';
import { tinyDirectory } from '../unit/models/tiny-models.ts';

const THREADS = 2;
const ROUNDS = 3;
const PHOTOS = 500;

/**
 * Photos through vision-language models (`QUARRY_BENCH_MODEL`: another one, a directory): how long the thread that runs
 * the sessions waits for an image that is not ready yet, in share of the whole. Preparing alone as well.
 */
export async function benchImages(): Promise<Record<string, unknown>> {
  const photos = shared('data/flickr8k-500/images');
  if (!photos) return { skipped: 'shared/data/flickr8k-500 is missing' };
  const own = process.env.QUARRY_BENCH_MODEL;
  const models = own ? [own] : ['bundled:quarry-mini', tinyDirectory('tiny-qwen2-vl')];
  const rows = await rowsOf(photos);
  const figures: Record<string, unknown> = { photos: rows.length, threads: THREADS };
  for (const model of models) figures[model.split('/').at(-1)!] = await waitingFor(model, photos, rows);
  return figures;
}

async function waitingFor(path: string, photos: string, rows: readonly Photo[]): Promise<unknown> {
  const scratch = await mkdtemp(join(tmpdir(), 'quarry-bench-images-'));
  const pool = createPool({ threads: 1 });
  try {
    const uri = existsSync(path) ? pathToFileURL(path).href : path;
    const model = { kind: 'generator', path: uri, prompt: 'hierarchical' } as const;
    const { settings } = await openModel({ openStore, scratch, pool, threads: THREADS }, model);
    const images = settings.kind === 'generator' ? (settings.vision?.images ?? null) : null;
    if (!images) return { skipped: `${path} takes no images` };
    const loaded = await LoadedModel.load(settings, THREADS);
    const root = pathToFileURL(photos).href;
    const rounds: Round[] = [];
    for (let round = 0; round < ROUNDS; round++)
      rounds.push(await embedOnce(loaded, images, root, rows, scratch));
    await loaded.release();
    return {
      preparedPerSecond: rows.length / median(rounds.map(({ prepared }) => prepared)),
      embeddedPerSecond: rows.length / median(rounds.map(({ all }) => all)),
      sessionsRunShare: median(rounds.map(({ running, all }) => running / all)),
      waitingShare: median(rounds.map(({ waited, all }) => waited / all)),
    };
  } finally {
    await pool.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Seconds. */
interface Round {
  /** Preparing all, with nothing beside it. */
  readonly prepared: number;
  /** Embedding all. */
  readonly all: number;
  /** Of it, in which sessions run. */
  readonly running: number;
  /** Of it, in which an image was wanted and not ready. */
  readonly waited: number;
}

async function embedOnce(
  loaded: LoadedModel,
  images: ImageSettings,
  root: string,
  rows: readonly Photo[],
  scratch: string,
): Promise<Round> {
  const threads = new PatchThreads(THREADS, root, images);
  await threads.ask(rows[0]!.image)();
  const prepared = await timed(async () => {
    for (const batch of chunksOf(rows)) await Promise.all(batch.map(({ image }) => threads.ask(image)()));
  });
  const spent = { running: 0, waited: 0 };
  const run = loaded.run.bind(loaded);
  loaded.run = async (...args) => {
    const start = performance.now();
    const output = await run(...args);
    spent.running += (performance.now() - start) / 1000;
    return output;
  };
  const source: ImageSource = {
    ask: (image) => {
      const patched = threads.ask(image);
      return async () => {
        const start = performance.now();
        const ready = await patched();
        spent.waited += (performance.now() - start) / 1000;
        return ready;
      };
    },
    ahead: imagesAhead(images),
  };
  const target = { vectors: join(scratch, 'v.npy'), hashes: join(scratch, 'h.npy'), rows: rows.length };
  const control = { aborted: false, progress: () => undefined };
  const all = await timed(() =>
    embedRows(loaded, chunks(rows), 'document', target, control, { images: source, texts: null }),
  );
  loaded.run = run;
  await threads.close();
  return { prepared, all, ...spent };
}

interface Photo {
  readonly id: string;
  readonly text: string;
  readonly image: RowImage;
}

async function rowsOf(directory: string): Promise<Photo[]> {
  const rows: Photo[] = [];
  for (const name of readdirSync(directory).sort().slice(0, PHOTOS)) {
    const sha256 = await hashFile(join(directory, name));
    rows.push({ id: name, text: '', image: { path: name, sha256, bytes: null } });
  }
  return rows;
}

function* chunksOf(rows: readonly Photo[]): Generator<readonly Photo[]> {
  for (let start = 0; start < rows.length; start += 100) yield rows.slice(start, start + 100);
}

async function* chunks(rows: readonly Photo[]): AsyncGenerator<readonly Photo[]> {
  yield* chunksOf(rows);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
