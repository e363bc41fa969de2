import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { picture, twoSubsets } from '../support/picture-jobs.ts';
import { type Mined, mine, quarry } from '../support/quarry.ts';
import { writeJob } from '../support/write-job.ts';
import { parquet, jsonl as readJsonl } from '../unit/exporters/exported-run.ts';

/** Two subsets: pictures with labels, and words with pictures (every third with a caption). */
const LABELS = 12;
const WORDS = 9;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

let directory: string;
let home: string;
let pictures: Buffer[];
let run: Mined;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quarry-export-images-'));
  home = join(directory, 'home');
  pictures = await Promise.all(Array.from({ length: LABELS }, (_, i) => picture(i)));
  const mining = { strategy: 'margin', numNegatives: 2 } as const;
  const [job, files] = twoSubsets(pictures, { words: WORDS, extension: 'PNG', mining });
  const path = await writeJob(join(directory, 'job'), job, files);
  run = await mine(path, home);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function exported(...args: string[]): Promise<string> {
  const to = join(directory, args.join('').replaceAll(/[^a-z0-9]/g, ''));
  const { code, stderr } = await quarry(['export', run.output, '--to', to, '--format', ...args], home);
  expect([code, stderr]).toEqual([0, '']);
  return to;
}

const ofGroup = async (to: string, group: string): Promise<Record<string, unknown>[]> => {
  const file = (await readdir(join(to, group)))[0]!;
  return (await parquet(join(to, group, file))).rows;
};

test('mmeb: a configuration per subset, paths as the input has them, the token where an image is', async () => {
  const to = await exported('mmeb', '--shape', 'b3', '--chunk', '3');
  const labels = await ofGroup(to, 'labels');
  expect(labels).toHaveLength(LABELS);
  for (const [i, row] of labels.entries()) {
    expect(row).toMatchObject({
      qry: '<|image_1|>\nWhat is it?',
      qry_image_path: `images/${i}.PNG`,
      pos_text: `label ${i}`,
      pos_image_path: '',
      neg_image_path: ['', ''],
    });
  }
  const words = await ofGroup(to, 'words');
  expect(words.map(({ pos_text }) => pos_text)).toEqual(
    words.map((_, i) => (i % 3 === 0 ? `<|image_1|>\ncaption ${i}` : '<|image_1|>')),
  );
  for (const { neg_text, neg_image_path } of words as { neg_text: string[]; neg_image_path: string[] }[]) {
    expect(neg_text.every((text) => text.startsWith('<|image_1|>'))).toBe(true);
    expect(neg_image_path.every((path) => /^images\/\d\.PNG$/.test(path))).toBe(true);
  }
  const readme = await readFile(join(to, 'README.md'), 'utf8');
  expect(readme).toContain('- config_name: labels');
  expect(readme).toContain('- config_name: words');
});

test('ms-swift: a list of images for every group of messages; --images writes the files that are named', async () => {
  const to = await exported('ms-swift', '--images');
  const rows = await readJsonl(join(to, 'train.jsonl'));
  expect(rows).toHaveLength(LABELS + WORDS);
  const name = (i: number): string => {
    const hash = sha256(pictures[i]!);
    return `images/${hash.slice(0, 2)}/${hash}.png`;
  };
  expect(rows[1]).toMatchObject({
    messages: [{ role: 'user', content: '<image>What is it?' }],
    images: [name(1)],
    positive_messages: [[{ role: 'user', content: 'label 1' }]],
    positive_images: [[]],
    negative_images: [[], []],
  });
  expect(rows[LABELS]).toMatchObject({
    images: [],
    positive_messages: [[{ role: 'user', content: '<image>caption 0' }]],
    positive_images: [[name(0)]],
  });
  for (const [i, picture] of pictures.entries()) {
    expect((await readFile(join(to, name(i)))).equals(picture)).toBe(true);
  }
});

test('tevatron and unime-v2 name images', async () => {
  const to = await exported('tevatron', '--shape', 'ids');
  const [train] = await readJsonl(join(to, 'train.jsonl'));
  expect(train).toMatchObject({ query_text: 'What is it?', query_image: 'images/0.PNG' });
  const corpus = await readJsonl(join(to, 'corpus.jsonl'));
  expect(corpus.filter(({ image }) => image !== null)).toHaveLength(WORDS);
  const unime = await exported('unime-v2');
  const rows = JSON.parse(await readFile(join(unime, 'train.json'), 'utf8'));
  expect(rows[LABELS]).toMatchObject({ query_image: '', pos_image: 'images/0.PNG' });
  expect(rows[LABELS].hard_negatives.every(([, image]: [string, string]) => image !== '')).toBe(true);
});

test('sentence-transformers gets the tables as they are; a format of texts refuses', async () => {
  const to = await exported('sentence-transformers', '--shape', 'n-tuple');
  const { columns } = await parquet(join(to, 'train-00000-of-00001.parquet'));
  expect(Object.keys(columns)).toContain('positive_image');
  for (const args of [['flagembedding'], ['sentence-transformers', '--shape', 'labeled-pair'], ['pylate']]) {
    const place = join(directory, 'refused');
    const { code, stderr } = await quarry(['export', run.output, '--to', place, '--format', ...args], home);
    expect(code).toBe(2);
    expect(stderr).toContain(`${args[0]} in this shape takes texts, and the queries and the documents of`);
    await expect(stat(place)).rejects.toThrow('ENOENT');
  }
});
