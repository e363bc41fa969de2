import { join } from 'node:path';
import { arrange } from '@quarry/activities/stages/arrange';
import { report } from '@quarry/activities/stages/report';
import { write } from '@quarry/activities/stages/write';
import { createOpenStore } from '@quarry/activities/storage/open-store';
import { describe, expect, inject, test } from 'vitest';
import { type Fabricated, fabricateRun } from '../unit/tables/fabricated-run.ts';
import { interpreter } from './python-environment.ts';
import { readRun } from './read-run.ts';

const text = (side: string, row: number): string => (row === 0 ? `😀 "${side}"\nzero` : `${side} ${row}`);
const rows = { triplet: 103, 'n-tuple': 25, clusters: 40, candidates: 270 };

async function publish(made: Fabricated): Promise<void> {
  for (const { table, parts } of await arrange(made.context, made.unit)) {
    for (let part = 0; part < parts; part++) await write(made.context, { ...made.unit, table, part });
  }
  await report(made.context, { ...made.unit, execution: { startedAt: '', stages: {}, busySeconds: 0 } });
}

describe('a run on the file system', () => {
  test('is loaded by load_dataset in one line, table by table', async ({ skip }) => {
    const path = await interpreter('datasets', skip);
    const made = await fabricateRun({ strategy: 'saha', text });
    await publish(made);
    const run = join(made.directory, 'runs', made.run.runId);
    const found = await readRun(path, 'datasets', run);
    expect(Object.fromEntries(Object.entries(found).map(([name, table]) => [name, table.rows]))).toEqual({
      ...rows,
      triplet: made.kept.flat().length,
      'n-tuple': made.kept.filter((negatives) => negatives.length >= 3).length,
    });
    expect(found.triplet!.columns).toEqual({ anchor: 'string', positive: 'string', negative: 'string' });
    expect(found.triplet!.first).toEqual({
      anchor: text('query', 0),
      positive: text('document', 0),
      negative: text('document', made.kept[0]![0]!),
    });
    for (const [name, { rows, columns, card }] of Object.entries(found)) {
      expect(card, name).toMatchObject({ rows, columns });
      expect(card!.bytes, name).toBeGreaterThan(0);
      expect(card!.download, name).toBeGreaterThan(0);
    }
    expect(found.candidates!.columns).toMatchObject({ rank: 'int32', score: 'float32', reason: 'string' });
  });

  test('is read by pyarrow and DuckDB', async ({ skip }) => {
    const path = await interpreter('datasets', skip);
    const made = await fabricateRun({ strategy: 'saha', text });
    await publish(made);
    const found = await readRun(path, 'arrow-and-duckdb', join(made.directory, 'runs', made.run.runId));
    expect(found.candidates!.rows).toBe(rows.candidates);
    expect(found.candidates!.duckdb).toBe(rows.candidates);
    expect(found.clusters!.columns).toMatchObject({ cluster: 'int32', query: 'string' });
  });
});

test('a run in S3 is read by pyarrow and DuckDB', async ({ skip }) => {
  const s3 = inject('s3');
  if (!s3) return skip('no S3 server on this machine');
  const path = await interpreter('datasets', skip);
  const { endpoint, region, accessKeyId, secretAccessKey, bucket } = s3;
  const openStore = createOpenStore({
    s3: { endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } },
  });
  const root = `s3://${bucket}/interop-${Date.now()}`;
  const made = await fabricateRun({ strategy: 'saha', text, root, openStore });
  await publish(made);
  const found = await readRun(path, 'arrow-and-duckdb', `${root}/runs/${made.run.runId}`, {
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  });
  expect(found.candidates!.rows).toBe(rows.candidates);
  expect(found.candidates!.duckdb).toBe(rows.candidates);
  expect(found.triplet!.first).toEqual([
    {
      anchor: text('query', 0),
      positive: text('document', 0),
      negative: text('document', made.kept[0]![0]!),
    },
  ]);
});
