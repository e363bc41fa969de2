import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeNpy } from '@quarry/activities/tables/npy';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { camelCase } from '../support/camel-case.ts';
import { tableRows } from '../support/parquet-rows.ts';
import { mine } from '../support/quarry.ts';
import { shared } from '../support/shared-data.ts';
import { jsonl, writeJob } from '../support/write-job.ts';

interface Golden {
  parameters: Record<string, number>;
  queries: number[][];
  documents: number[][];
  positives: [query: number, document: number][];
  expected: [
    query: number,
    positive: number,
    negative: number,
    positiveScore: number,
    negativeScore: number,
  ][];
}

const golden = shared('golden/sentence-transformers');
const files = golden ? (await readdir(golden)).filter((name) => name.endsWith('.json')) : [];

/** What `sentence_transformers.util.mine_hard_negatives` 6.0.1 mined, mined by `strategy: margin` through the whole pipeline. */
describe.skipIf(!golden)('the triplets of sentence-transformers come out of the pipeline', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'quarry-margin-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test.each(files)('%s', async (file) => {
    const case_ = JSON.parse(await readFile(join(golden!, file), 'utf8')) as Golden;
    const vectors = (rows: number[][]): Uint8Array =>
      encodeNpy(Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);
    const job = await writeJob(
      join(directory, file.replace('.json', '')),
      {
        name: 'golden-margin',
        input: { format: 'beir', path: 'data' },
        model: { kind: 'vectors', queries: 'queries.npy', documents: 'documents.npy' },
        mining: { strategy: 'margin', ...camelCase(case_.parameters) },
        execution: { shardRows: 50, partRows: 150 },
      },
      {
        'queries.npy': vectors(case_.queries),
        'documents.npy': vectors(case_.documents),
        'data/queries.jsonl': jsonl(case_.queries.map((_, i) => ({ _id: `${i}`, text: `query ${i}` }))),
        'data/corpus.jsonl': jsonl(
          case_.documents.map((_, i) => ({ _id: `${i}`, title: '', text: `document ${i}` })),
        ),
        'data/qrels/train.tsv': `query-id\tcorpus-id\tscore\n${case_.positives.map(([q, d]) => `${q}\t${d}\t1\n`).join('')}`,
      },
    );
    const run = await mine(job, join(directory, 'home'));
    const triplets = await tableRows<{ anchor: string; positive: string; negative: string }>(
      run.output,
      'triplet',
    );
    const found = triplets.map(({ anchor, positive, negative }) => `${anchor}, ${positive}, ${negative}`);
    const expected = case_.expected.map(([q, p, n]) => `query ${q}, document ${p}, document ${n}`);
    expect(found.sort()).toEqual(expected.sort());

    const scores = new Map<string, number>();
    for (const row of await tableRows<{ query_id: string; document_id: string; score: number }>(
      run.output,
      'candidates',
    )) {
      scores.set(`${row.query_id} ${row.document_id}`, row.score);
    }
    for (const [query, , negative, , score] of case_.expected) {
      expect(Math.abs(scores.get(`${query} ${negative}`)! - score)).toBeLessThan(1e-6);
    }
  });
});
