import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tableRows } from '../support/parquet-rows.ts';
import { type Mined, mine } from '../support/quarry.ts';

/** The main job as the README runs it, never skipped: the bundled model on the demo's corpus. */
const DEMO = fileURLToPath(new URL('../../infra/demo/', import.meta.url));
let directory: string;
let run: Mined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quarry-demo-'));
  run = await mine(join(DEMO, 'demo.yaml'), join(directory, 'home'), ['--output', join(directory, 'out')]);
}, 300_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

const lines = async (file: string): Promise<string[]> =>
  (await readFile(join(DEMO, 'data', file), 'utf8')).trim().split('\n');

async function positives(): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  for (const line of (await lines('qrels/test.tsv')).slice(1)) {
    const [query, document] = line.split('\t') as [string, string];
    found.set(query, (found.get(query) ?? new Set()).add(document));
  }
  return found;
}

test('at least 2,000 queries over at least 5,000 documents', async () => {
  expect((await lines('queries.jsonl')).length).toBeGreaterThanOrEqual(2000);
  expect((await lines('corpus.jsonl')).length).toBeGreaterThanOrEqual(5000);
});

test('accounts for every candidate', () => {
  const { candidates, kept, dropped } = run.funnel;
  expect(kept).toBeGreaterThan(1000);
  expect(kept + Object.values(dropped).reduce((sum, n) => sum + n, 0)).toBe(candidates);
});

test('clusters: queries and documents distinct, no document a known positive of another member', async () => {
  const known = await positives();
  const rows = await tableRows<{ cluster: number; query_id: string; positive_id: string }>(
    run.output,
    'clusters',
  );
  const clusters = new Map<number, typeof rows>();
  for (const row of rows) clusters.set(row.cluster, [...(clusters.get(row.cluster) ?? []), row]);
  expect(clusters.size).toBeGreaterThan(100);
  for (const [cluster, members] of clusters) {
    expect(new Set(members.map((row) => row.query_id)).size, `cluster ${cluster}`).toBe(members.length);
    expect(new Set(members.map((row) => row.positive_id)).size, `cluster ${cluster}`).toBe(members.length);
    for (const one of members) {
      for (const other of members) {
        expect(
          known.get(one.query_id)!.has(other.positive_id),
          `cluster ${cluster}: ${one.query_id}, ${other.positive_id}`,
        ).toBe(one === other);
      }
    }
  }
});

test('triplets are made of the clusters, and no negative is a known positive', async () => {
  const text = new Map<string, string>();
  for (const line of await lines('queries.jsonl')) text.set(JSON.parse(line)._id, JSON.parse(line).text);
  const words = new Map<string, string>();
  for (const line of await lines('corpus.jsonl')) words.set(JSON.parse(line)._id, JSON.parse(line).text);
  const wrong = new Set<string>();
  for (const [query, documents] of await positives())
    for (const d of documents) wrong.add(`${text.get(query)}\n${words.get(d)}`);
  const rows = await tableRows<{ anchor: string; positive: string; negative: string }>(run.output, 'triplet');
  expect(rows.length).toBe(run.funnel.kept);
  for (const { anchor, positive, negative } of rows) {
    expect(wrong.has(`${anchor}\n${positive}`)).toBe(true);
    expect(wrong.has(`${anchor}\n${negative}`), `${anchor}: ${negative}`).toBe(false);
  }
});

test('the bundled model is what its quarry.json says', async () => {
  const model = fileURLToPath(new URL('../../activities/models/quarry-mini/', import.meta.url));
  const { files } = JSON.parse(await readFile(join(model, 'quarry.json'), 'utf8')) as {
    files: Record<string, { sha256: string; bytes: number }>;
  };
  expect(Object.keys(files)).toEqual(
    expect.arrayContaining(['config.json', 'tokenizer.json', 'onnx/decoder_model_merged.onnx']),
  );
  let bytes = 0;
  for (const [name, file] of Object.entries(files)) {
    const content = await readFile(join(model, name));
    bytes += content.length;
    expect(createHash('sha256').update(content).digest('hex'), name).toBe(file.sha256);
  }
  expect(bytes).toBeLessThanOrEqual(16_000_000);
});

test('a second run ends at the manifest of the first', async () => {
  const again = await mine(join(DEMO, 'demo.yaml'), join(directory, 'home'), [
    '--output',
    join(directory, 'out'),
  ]);
  expect(again.runId).toBe(run.runId);
  expect(again.funnel).toEqual(run.funnel);
  expect(Object.keys(again.stages)).toEqual(['plan']);
});
