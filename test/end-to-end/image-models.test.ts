import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { JobInput } from '@quarry/workflows/job';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tableRows } from '../support/parquet-rows.ts';
import { picture } from '../support/picture-jobs.ts';
import { hashes, mine } from '../support/quarry.ts';
import { shared } from '../support/shared-data.ts';
import { jsonl, writeJob } from '../support/write-job.ts';

const model = (name: string) =>
  ({
    kind: 'generator',
    path: fileURLToPath(new URL(`../fixtures/models/${name}`, import.meta.url)),
  }) as const;

interface Image {
  readonly bytes: Buffer | null;
  readonly path: string | null;
}

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quarry-image-models-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const PICTURES = 24;

/** Pictures with a question of each, one of them cut off; documents are words, some with a picture beside. */
async function questions(): Promise<Record<string, string | Uint8Array>> {
  const pictures = await Promise.all(Array.from({ length: PICTURES }, (_, i) => picture(5 * i)));
  const rows = pictures.map((_, i) => ({
    query: i % 2 === 0 ? 'what colour is it?' : '',
    image: `${i}.png`,
    positive: `colour ${i}`,
    shown: i % 4 === 0 ? `${(i + 1) % PICTURES}.png` : '',
  }));
  rows.push({ query: 'cut off', image: 'cut.png', positive: 'none', shown: '' });
  return {
    'data/pairs.jsonl': jsonl(rows),
    'data/cut.png': pictures[3]!.subarray(0, 60),
    ...Object.fromEntries(pictures.map((bytes, i) => [`data/${i}.png`, bytes])),
  };
}

describe.each(['tiny-qwen2-vl', 'tiny-smolvlm'])('%s', (name) => {
  test('embeds texts, images and both, and gives the same bytes however the work is cut', async () => {
    const files = await questions();
    const job = {
      name,
      input: {
        format: 'pairs',
        path: 'data/pairs.jsonl',
        columns: { queryImage: 'image', positiveImage: 'shown' },
        maxBadRows: 0.1,
      },
      model: model(name),
      mining: { strategy: 'margin', numNegatives: 2 },
    } as const;
    const home = join(directory, 'home');
    const run = await mine(await writeJob(join(directory, name), job, files), home);
    const rows = await tableRows<{ score: number; query_id: string }>(run.output, 'candidates');
    // Untrained, but not blank: every query has its own scores.
    const scores = new Map<string, number[]>();
    for (const { query_id, score } of rows) scores.set(query_id, [...(scores.get(query_id) ?? []), score]);
    expect(scores.size).toBe(PICTURES);
    expect(new Set([...scores.values()].map((all) => all.join())).size).toBe(PICTURES);
    const report = JSON.parse(await readFile(new URL(`${run.output}/report.json`), 'utf8'));
    expect(report.quarantined).toEqual([
      expect.objectContaining({
        row: PICTURES + 1,
        reason: expect.stringMatching(/cut\.png": (the image is broken|not an image)/),
      }),
    ]);

    const cut = { ...job, execution: { shardRows: 7, partRows: 7 } };
    const again = await mine(await writeJob(join(directory, `${name}-cut`), cut, files), home);
    expect(again.runId).toBe(run.runId);
    const data = async (output: string): Promise<Record<string, string>> => {
      const all = await hashes(join(fileURLToPath(output), 'data'));
      return Object.fromEntries(Object.entries(all).sort());
    };
    expect(await data(again.output)).toEqual(await data(run.output));
  }, 300_000);
});

const photos = shared('data/flickr8k-500');
describe.skipIf(!photos)('flickr8k-500', () => {
  const job = (name: string, columns: Record<string, string>): JobInput => ({
    name,
    input: { format: 'pairs', path: pathToFileURL(join(photos!, 'captions.jsonl')).href, columns },
    model: { ...model('tiny-qwen2-vl'), maxPixels: 16 * 28 * 28 },
    mining: { topK: 5 },
    output: { tables: ['n-tuple', 'candidates'], images: 'path' },
    cache: 'cache',
  });

  test('photo to caption', async () => {
    const folder = join(directory, 'photos');
    const asked = job('photo-to-caption', { queryImage: 'image', positive: 'captions' });
    const run = await mine(await writeJob(folder, asked), join(directory, 'home'));
    const report = JSON.parse(await readFile(new URL(`${run.output}/report.json`), 'utf8'));
    expect(report.counts).toMatchObject({ queries: 500, pairs: 2500, quarantined: 0 });
    const [row] = await tableRows<{ anchor: Image; positive: string }>(run.output, 'n-tuple');
    expect(row!.anchor.path).toMatch(/flickr8k-500\/images\/.*\.jpg$/);
  }, 600_000);

  test('caption to photo', async () => {
    const folder = join(directory, 'photos');
    const asked = job('caption-to-photo', { query: 'captions', positiveImage: 'image' });
    const run = await mine(await writeJob(folder, asked), join(directory, 'home'));
    const report = JSON.parse(await readFile(new URL(`${run.output}/report.json`), 'utf8'));
    expect(report.counts).toMatchObject({ documents: 500, pairs: 2500, quarantined: 0 });
  }, 600_000);
});
