import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { arrange } from '@quarry/activities/stages/arrange';
import { commit } from '@quarry/activities/stages/commit';
import { report } from '@quarry/activities/stages/report';
import { write } from '@quarry/activities/stages/write';
import type { Execution } from '@quarry/workflows';
import { expect, test } from 'vitest';
import { type Fabricated, fabricateRun } from './fabricated-run.ts';

const execution: Execution = { startedAt: '2026-01-01T00:00:00Z', stages: {}, busySeconds: 1.5 };
const runs = 'runs/fabricated-0123456789ab';

async function finish(made: Fabricated): Promise<void> {
  for (const { table, parts } of await arrange(made.context, made.unit)) {
    for (let part = 0; part < parts; part++) await write(made.context, { ...made.unit, table, part });
  }
}

async function text(made: Fabricated, name: string): Promise<string> {
  const uri = `${made.run.job.output.path}/${runs}/${name}`;
  return new TextDecoder().decode(await made.context.openStore(uri).read(uri));
}

test('the report says what came of the run, and the accounts add up', async () => {
  const made = await fabricateRun({ strategy: 'saha' });
  await finish(made);
  const { funnel } = await report(made.context, { ...made.unit, execution });
  const written = JSON.parse(await text(made, 'report.json'));
  const kept = made.kept.flat().length;
  expect(funnel).toEqual({
    candidates: 270,
    kept,
    dropped: { known_positive: 40, not_sampled: 230 - kept },
  });
  expect(written.funnel.kept).toEqual({ count: kept, share: kept / 270 });
  expect(written.tables.map(({ table, rows }: { table: string; rows: number }) => [table, rows])).toEqual([
    ['triplet', kept],
    ['n-tuple', made.kept.filter((negatives) => negatives.length >= 3).length],
    ['clusters', 40],
    ['candidates', 270],
  ]);
  expect(written.retrieval.default.queries).toBe(40);
  expect(written.clusters.clusters).toBe(20);
  expect(written.verification).toMatch(/^parquetjs-lite read 4 files back/);
  expect(written.execution.busySeconds).toBe(1.5);
  expect(JSON.parse(await text(made, 'job.json')).name).toBe('fabricated');
});

test('the report advises where many queries have too few negatives', async () => {
  const made = await fabricateRun({ keep: (query) => (query % 2 === 0 ? [1] : [1, 2, 3]) });
  await finish(made);
  await report(made.context, { ...made.unit, execution });
  const { advice } = JSON.parse(await text(made, 'report.json'));
  expect(advice).toContain(
    '50 % of the queries (20) have fewer than 3 negatives and no n-tuple: lower mining.numNegatives to 1 (then 0 % have fewer).',
  );
});

test('the manifest is the same however the shards are cut and whenever it is made', async () => {
  const texts: string[] = [];
  for (const shardRows of [7, 40]) {
    const made = await fabricateRun({ strategy: 'saha', shardRows });
    await finish(made);
    await commit(made.context, made.unit);
    texts.push(await text(made, '_manifest.json'));
  }
  expect(texts[1]).toBe(texts[0]);
  const manifest = JSON.parse(texts[0]!);
  expect(Object.keys(manifest)).toEqual([
    'runId',
    'job',
    'inputs',
    'fingerprints',
    'model',
    'index',
    'funnel',
    'files',
    'seed',
    'versions',
  ]);
  expect(manifest.files.map(({ path }: { path: string }) => path)).toEqual([
    'data/candidates/train-00000-of-00001.parquet',
    'data/clusters/train-00000-of-00001.parquet',
    'data/n-tuple/train-00000-of-00001.parquet',
    'data/triplet/train-00000-of-00001.parquet',
  ]);
  expect(texts[0]).not.toMatch(/file:|quarry-tables/);
});

test('a second commit of the same run is success, another manifest is not replaced', async () => {
  const made = await fabricateRun();
  await finish(made);
  const first = await commit(made.context, made.unit);
  expect(await commit(made.context, made.unit)).toEqual(first);
  const store = made.context.openStore(first.manifest.uri);
  await store.write(first.manifest.uri, new TextEncoder().encode('{}'));
  await expect(commit(made.context, made.unit)).rejects.toMatchObject({ code: 'OutputTaken' });
  expect(await text(made, '_manifest.json')).toBe('{}');
});

test('nothing is committed while a file is gone; writing again brings it back', async () => {
  const made = await fabricateRun();
  await finish(made);
  const file = join(made.directory, runs, 'data/triplet/train-00000-of-00001.parquet');
  await rm(file);
  await expect(commit(made.context, made.unit)).rejects.toThrow(/train-00000-of-00001.parquet: is gone/);
  await writeFile(file, 'not what was written');
  await expect(commit(made.context, made.unit)).rejects.toThrow(/has 20 bytes/);
  await finish(made);
  await commit(made.context, made.unit);
});

test('a written unit is reused, and written anew for another output with the same cache', async () => {
  const made = await fabricateRun();
  await arrange(made.context, made.unit);
  const unit = { ...made.unit, table: 'triplet', part: 0 } as const;
  expect((await write(made.context, unit)).reused).toBe(false);
  expect((await write(made.context, unit)).reused).toBe(true);
  await rm(join(made.directory, runs), { recursive: true });
  expect((await write(made.context, unit)).reused).toBe(false);
});

test('the data set card has one configuration per table, with features and sizes', async () => {
  const made = await fabricateRun({ strategy: 'saha' });
  await finish(made);
  await report(made.context, { ...made.unit, execution });
  const card = await text(made, 'README.md');
  expect(card).toContain(
    '- config_name: n-tuple\n  data_files:\n  - split: train\n    path: data/n-tuple/train-*.parquet',
  );
  expect(card).toContain('- config_name: clusters\n  features:\n  - name: cluster\n    dtype: int32');
  expect(card).toContain('load_dataset(".", "n-tuple", split="train")');
});
