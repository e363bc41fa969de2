import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeNpy } from '@quarry/activities/tables/npy';
import type { JobInput } from '@quarry/workflows/job';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tableRows } from '../support/parquet-rows.ts';
import { hashes, mine } from '../support/quarry.ts';
import { jsonl, mixture, writeJob } from '../support/write-job.ts';

/** Two subsets in MMEB's columns: labels of pictures, and pictures for words. */
const LABELS = 40;
const WORDS = 30;
const DIMENSION = 16;

interface Image {
  readonly bytes: Buffer | null;
  readonly path: string | null;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function picture(number: number): Promise<Buffer> {
  const background = { r: (number * 37) % 256, g: (number * 91) % 256, b: number };
  return sharp({ create: { width: 24 + number, height: 32, channels: 3, background } })
    .png()
    .toBuffer();
}

let directory: string;
let pictures: Buffer[];
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quarry-images-'));
  pictures = await Promise.all(Array.from({ length: LABELS }, (_, i) => picture(i)));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** The job and its files: a picture has its label, a word its picture; the words' pictures are among those of the labels. */
function twoSubsets(): [JobInput, Record<string, string | Uint8Array>] {
  const labels = Array.from({ length: LABELS }, (_, i) => ({
    qry: '<|image_1|>\nWhat is it?',
    qry_image_path: `images/${i}.png`,
    pos_text: `label ${i}`,
    pos_image_path: '',
  }));
  const words = Array.from({ length: WORDS }, (_, i) => ({
    qry: `word ${i}`,
    qry_image_path: '',
    pos_text: i % 3 === 0 ? `<|image_1|>\ncaption ${i}` : '<|image_1|>',
    pos_image_path: `images/${i}.png`,
  }));
  const rows = LABELS + WORDS;
  const documents = mixture(rows, DIMENSION, 1);
  const vectors = (data: Float32Array): Uint8Array => encodeNpy(data, [rows, DIMENSION]);
  return [
    {
      name: 'subsets',
      input: { format: 'mmeb', path: 'data' },
      model: { kind: 'vectors', queries: 'queries.npy', documents: 'documents.npy' },
      mining: { topK: 3, poolMultiplier: 2, classification: ['labels'], numNegatives: 2 },
      execution: { shardRows: 11, partRows: 17 },
    },
    {
      'data/labels/train.jsonl': jsonl(labels),
      'data/words/train.jsonl': jsonl(words),
      'queries.npy': vectors(mixture(rows, DIMENSION, 2, documents)),
      'documents.npy': vectors(documents),
      ...Object.fromEntries(pictures.map((bytes, i) => [`data/images/${i}.png`, bytes])),
    },
  ];
}

describe('a job of two subsets with images', () => {
  test('mines each on its own, writes images that are the files, and is the same when done again', async () => {
    const [job, files] = twoSubsets();
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

    // Other shards and parts, another cache: the same bytes.
    const again = await writeJob(join(directory, 'again'), { ...job, execution: {} }, files);
    const second = await mine(again, home);
    expect(second.runId).toBe(run.runId);
    const data = async (output: string): Promise<Record<string, string>> => {
      const all = await hashes(fileURLToPath(output));
      return Object.fromEntries(Object.entries(all).filter(([name]) => /^data\/|^_manifest/.test(name)));
    };
    expect(await data(second.output)).toEqual(await data(run.output));
  });
});

describe('pictures and captions', () => {
  const pairs = (rows: number): [Record<string, string>, Record<string, Uint8Array>] => [
    {
      'data/pairs.jsonl': jsonl(
        Array.from({ length: rows }, (_, i) => ({ image: `${i}.png`, caption: `caption ${i}` })),
      ),
    },
    Object.fromEntries(pictures.slice(0, rows).map((bytes, i) => [`pictures/${i}.png`, bytes])),
  ];

  test('a side of images alone is one column; with images: path it names the files', async () => {
    const rows = 20;
    const [tables, images] = pairs(rows);
    const documents = mixture(rows, DIMENSION, 3);
    const path = await writeJob(
      join(directory, 'captions'),
      {
        name: 'captions',
        input: {
          format: 'pairs',
          path: 'data/pairs.jsonl',
          imageRoot: 'pictures',
          columns: { queryImage: 'image', positive: 'caption' },
        },
        model: { kind: 'vectors', queries: 'queries.npy', documents: 'documents.npy' },
        mining: { strategy: 'margin', numNegatives: 2 },
        output: { images: 'path', compression: 'zstd' },
      },
      {
        ...tables,
        ...images,
        'queries.npy': encodeNpy(mixture(rows, DIMENSION, 4, documents), [rows, DIMENSION]),
        'documents.npy': encodeNpy(documents, [rows, DIMENSION]),
      },
    );
    const run = await mine(path, join(directory, 'home'));
    const triplets = await tableRows<{ anchor: Image; positive: string; negative: string }>(
      run.output,
      'triplet',
    );
    expect(Object.keys(triplets[0]!)).toEqual(['anchor', 'positive', 'negative']);
    expect(triplets).toHaveLength(rows * 2);
    for (const { anchor, positive } of triplets) {
      const number = Number(/caption (\d+)/.exec(positive)![1]);
      expect(anchor).toEqual({ bytes: null, path: join(directory, `captions/pictures/${number}.png`) });
    }
  });
});
