import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tableRows } from '../support/parquet-rows.ts';
import { captions, LABELS, picture, twoSubsets, WORDS } from '../support/picture-jobs.ts';
import { hashes, mine, quarry } from '../support/quarry.ts';
import { writeJob } from '../support/write-job.ts';

interface Image {
  readonly bytes: Buffer | null;
  readonly path: string | null;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

let directory: string;
let pictures: Buffer[];
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quarry-images-'));
  pictures = await Promise.all(Array.from({ length: LABELS }, (_, i) => picture(i)));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('a job of two subsets with images', () => {
  test('mines each on its own, writes images that are the files, and is the same when done again', async () => {
    const [job, files] = twoSubsets(pictures);
    const path = await writeJob(join(directory, 'subsets'), job, files);
    const home = join(directory, 'home');
    const run = await mine(path, home);

    const candidates = await tableRows<{
      query_id: string;
      document_id: string;
      owner_query_id: string | null;
    }>(run.output, 'candidates');
    const subset = (id: string): string => id.split(':')[0]!;
    expect(candidates).toHaveLength((LABELS + WORDS) * 12);
    expect(candidates.filter((row) => subset(row.query_id) !== subset(row.document_id))).toEqual([]);
    expect(
      candidates.filter((row) => row.owner_query_id && subset(row.query_id) !== subset(row.owner_query_id)),
    ).toEqual([]);

    const clusters = await tableRows<{ cluster: number; position: number; query_id: string }>(
      run.output,
      'clusters',
    );
    const anchors = clusters.filter(({ position }) => position === 0);
    expect(anchors.map(({ cluster }) => cluster)).toEqual(anchors.map((_, number) => number));
    for (const { cluster, query_id } of clusters) {
      expect(subset(query_id)).toBe(subset(anchors[cluster]!.query_id));
    }
    expect(new Set(anchors.map(({ query_id }) => subset(query_id)))).toEqual(new Set(['labels', 'words']));

    // Both sides have texts and images: two columns each, null where there is none.
    const tuples = await tableRows<Record<string, string | Image | null>>(run.output, 'n-tuple');
    expect(Object.keys(tuples[0]!)).toEqual([
      'anchor',
      'anchor_image',
      'positive',
      'positive_image',
      'negative_1',
      'negative_1_image',
      'negative_2',
      'negative_2_image',
    ]);
    for (const row of tuples) {
      const image = row.anchor_image as Image | null;
      const positive = row.positive_image as Image | null;
      expect(image === null).toBe(positive !== null);
      const found = (image ?? positive)!;
      expect(sha256(found.bytes!)).toBe(sha256(pictures[Number(/\d+/.exec(found.path!))]!));
      if (image)
        expect(row).toMatchObject({ anchor: 'What is it?', positive: `label ${/\d+/.exec(image.path!)}` });
      else {
        const number = Number(/\d+/.exec(row.anchor as string));
        expect(found.path).toBe(`images/${number}.png`);
        expect(row.positive).toBe(number % 3 === 0 ? `caption ${number}` : null);
      }
    }

    const report = JSON.parse(await readFile(new URL(`${run.output}/report.json`), 'utf8'));
    expect(report.groups).toEqual([
      expect.objectContaining({
        name: 'labels',
        queries: LABELS,
        documents: LABELS,
        pairs: LABELS,
        classification: true,
      }),
      expect.objectContaining({
        name: 'words',
        queries: WORDS,
        documents: WORDS,
        pairs: WORDS,
        classification: false,
      }),
    ]);
    expect(report.groups[0].clusters + report.groups[1].clusters).toBe(anchors.length);
    expect(Object.keys(report.retrieval)).toEqual(['labels', 'words']);
    expect(report.index.recall.recallAtK).toBe(1);

    const shown = await quarry(['inspect', run.output, '--query', 'labels:3'], home);
    expect(shown.stdout).toContain('[images/3.png] What is it?');
    const refused = await quarry(
      ['export', run.output, '--format', 'flagembedding', '--to', join(directory, 'x')],
      home,
    );
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('takes texts, and the'),
    });

    // Other shards and parts, another cache: the same bytes.
    const again = await writeJob(join(directory, 'again'), { ...job, execution: {} }, files);
    const second = await mine(again, home);
    expect(second.runId).toBe(run.runId);
    const data = async (output: string): Promise<Record<string, string>> => {
      const all = await hashes(fileURLToPath(output));
      return Object.fromEntries(Object.entries(all).filter(([name]) => /^data\/|^_manifest/.test(name)));
    };
    expect(await data(second.output)).toEqual(await data(run.output));
  }, 300_000);
});

test('a side of images alone is one column; with images: path it names the files', async () => {
  const [job, files] = captions(pictures, { images: 'path', compression: 'zstd' });
  const run = await mine(await writeJob(join(directory, 'captions'), job, files), join(directory, 'home'));
  const triplets = await tableRows<{ anchor: Image; positive: string; negative: string }>(
    run.output,
    'triplet',
  );
  expect(Object.keys(triplets[0]!)).toEqual(['anchor', 'positive', 'negative']);
  expect(triplets).toHaveLength(20 * 2);
  for (const { anchor, positive } of triplets) {
    const number = Number(/caption (\d+)/.exec(positive)![1]);
    expect(anchor).toEqual({ bytes: null, path: join(directory, `captions/pictures/${number}.png`) });
  }
});
