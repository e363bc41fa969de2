import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeNpy } from '@quarry/activities/tables/npy';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tableRows } from '../support/parquet-rows.ts';
import { mine } from '../support/quarry.ts';
import { shared } from '../support/shared-data.ts';

interface Golden {
  top_k: number;
  pool_mult: number;
  classification: boolean;
  dim: number;
  queries: number[][];
  documents: number[][];
  rows: [query: number, positive: number][];
  expected: GoldenCluster[];
  expected_strict?: GoldenCluster[];
}

interface GoldenCluster {
  anchor: number;
  negatives: number[];
}

interface ClusterRow {
  cluster: number;
  position: number;
  query_id: string;
  positive_id: string;
}

const golden = shared('golden/saha');
const files = golden ? (await readdir(golden)).filter((name) => name.endsWith('.json')) : [];

/** The public implementation's results, through the whole pipeline: given vectors, Temporal, Parquet. */
describe.skipIf(!golden)('golden SaHa clusters come out of the pipeline', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'quarry-golden-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test.each(files)('%s', async (file) => {
    const case_ = JSON.parse(await readFile(join(golden!, file), 'utf8')) as Golden;
    const folder = join(directory, file.replace('.json', ''));
    await writeJob(folder, case_);
    const run = await mine(join(folder, 'job.json'), join(directory, 'home'));
    const rows = await tableRows<ClusterRow>(run.output, 'clusters');
    const found: string[][] = [];
    for (const row of rows) {
      if (row.position === 0) found.push([]);
      expect(Number(row.cluster)).toBe(found.length - 1);
      found.at(-1)!.push(`${row.query_id} ${row.positive_id}`);
    }
    const pair = (row: number): string => `q${case_.rows[row]![0]} d${case_.rows[row]![1]}`;
    const expected = case_.expected_strict ?? case_.expected;
    expect(found).toEqual(expected.map(({ anchor, negatives }) => [anchor, ...negatives].map(pair)));
  });
});

async function writeJob(folder: string, golden: Golden): Promise<void> {
  await mkdir(join(folder, 'data/qrels'), { recursive: true });
  const lines = (rows: unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  await writeFile(
    join(folder, 'data/queries.jsonl'),
    lines(golden.queries.map((_, i) => ({ _id: `q${i}`, text: `query ${i}` }))),
  );
  await writeFile(
    join(folder, 'data/corpus.jsonl'),
    lines(golden.documents.map((_, i) => ({ _id: `d${i}`, title: '', text: `document ${i}` }))),
  );
  const qrels = golden.rows.map(([query, document]) => `q${query}\td${document}\t1\n`).join('');
  await writeFile(join(folder, 'data/qrels/train.tsv'), `query-id\tcorpus-id\tscore\n${qrels}`);
  for (const side of ['queries', 'documents'] as const) {
    const vectors = Float32Array.from(golden[side].flat());
    await writeFile(join(folder, `${side}.npy`), encodeNpy(vectors, [golden[side].length, golden.dim]));
  }
  const job = {
    name: 'golden',
    input: { format: 'beir', path: 'data' },
    model: { kind: 'vectors', queries: 'queries.npy', documents: 'documents.npy', normalize: false },
    mining: { topK: golden.top_k, poolMultiplier: golden.pool_mult, classification: golden.classification },
    output: { path: 'out' },
    execution: { shardRows: 97, partRows: 200 },
  };
  await writeFile(join(folder, 'job.json'), JSON.stringify(job));
}
