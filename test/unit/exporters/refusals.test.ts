import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createOpenStore } from '@quarry/activities/storage/open-store';
import { expect, inject, test } from 'vitest';
import { quarry } from '../../support/quarry.ts';
import { committedRun, exported, runDirectory } from './exported-run.ts';

test('a target that is taken stays as it is; an empty one is used', async () => {
  const made = await committedRun();
  const to = join(made.directory, 'target');
  await mkdir(to);
  await exported(made, 'flagembedding', { to });
  expect(await readdir(to)).toEqual(['README.md', 'train.jsonl']);
  const before = await readFile(join(to, 'train.jsonl'));
  await expect(exported(made, 'ms-swift', { to })).rejects.toThrow(`--to ${to} exists and is not empty`);
  expect(await readFile(join(to, 'train.jsonl'))).toEqual(before);
  await expect(exported(made, 'ms-swift', { to: join(to, 'train.jsonl') })).rejects.toThrow('is a file');
});

test('a file that is not the one of the manifest is named, and nothing is left behind', async () => {
  const made = await committedRun();
  const to = join(made.directory, 'exports', 'x');
  const file = join(runDirectory(made), 'data', 'triplet', 'train-00000-of-00001.parquet');
  const bytes = await readFile(file);
  bytes[100]! ^= 1;
  await writeFile(file, bytes);
  await expect(exported(made, 'sentence-transformers', { to })).rejects.toThrow(
    /data\/triplet\/train-00000-of-00001.parquet has sha256 \w+, and the manifest says \w+/,
  );
  await writeFile(file, bytes.subarray(1));
  await expect(exported(made, 'flagembedding', { to })).rejects.toThrow(
    `has ${bytes.length - 1} bytes, and the manifest says ${bytes.length}`,
  );
  await rm(file);
  await expect(exported(made, 'flagembedding', { to })).rejects.toThrow('is not there');
  expect(await readdir(dirname(to))).toEqual([]);
});

test('a table or a cache that the format needs and the run has not', async () => {
  const made = await committedRun({ tables: ['candidates'] });
  await expect(exported(made, 'flagembedding', { cache: false })).rejects.toThrow(
    'is made from the table triplet, which fabricated-0123456789ab has not; add triplet to output.tables',
  );
  await expect(exported(made, 'gen2embed')).rejects.toThrow('mine with mining.strategy: saha');
  await expect(exported(made, 'tevatron', { cache: false })).rejects.toThrow('holds nothing of this run');
});

test('the command says what it wrote, and ends with 2 where it is wrong', async () => {
  const made = await committedRun();
  const home = join(made.directory, 'home');
  await mkdir(home);
  const run = runDirectory(made);
  const to = join(home, 'out');
  const wrong = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await quarry(['export', ...args, '--to', to], home);
    expect([code, stdout]).toEqual([2, '']);
    return stderr;
  };
  expect(await wrong(run, '--format', 'flag-embeding')).toContain('did you mean flagembedding?');
  expect(await wrong(run, '--format', 'tevatron', '--shape', 'id')).toContain('did you mean ids?');
  expect(await wrong(run, '--format', 'gen2embed')).toContain('clusters');
  expect(await wrong(made.directory, '--format', 'tevatron')).toContain('holds no _manifest.json');
  expect(await wrong(run, '--format', 'tevatron', '--prompt', 'x')).toContain(
    'it takes --shape, --negatives',
  );
  expect(await wrong(run, '--format', 'flagembedding', '--scores', 'all')).toContain('--scores margin');
  const list = await quarry(['export', '--format', 'list'], home);
  expect([list.code, list.stderr]).toEqual([0, '']);
  expect(list.stdout).toContain('proved: sentence-transformers 6.0.1: a training step');
  const { code, stdout } = await quarry(['export', run, '--format', 'flagembedding', '--to', to], home);
  expect(code).toBe(0);
  expect(stdout).toContain(`Written to ${to}`);
  expect(stdout).toMatch(/train\.jsonl +40 +/);
}, 120_000);

test('an option that the format does not take, and a count that nothing says', async () => {
  const made = await committedRun();
  await expect(exported(made, 'ms-swift', { scores: 'scores' })).rejects.toThrow(
    '--scores: ms-swift does not take it; it takes --negatives, --images',
  );
  await expect(exported(made, 'flagembedding', { scores: 'margin' })).rejects.toThrow(
    '--scores margin: flagembedding does not take it; it takes --negatives, --scores, --prompt',
  );
  await expect(exported(made, 'mmeb', { images: true })).rejects.toThrow('holds no images; leave it out');
  await expect(exported(made, 'tevatron', { images: true })).rejects.toThrow('with --shape ids only');
  await expect(exported(made, 'contrastors', { cache: false })).rejects.toThrow('add --negatives N');
  await expect(exported(made, 'flagembedding', { cache: false, scores: 'scores' })).rejects.toThrow(
    'flagembedding needs the similarities of',
  );
});

test('an export in which no query would have a row', async () => {
  const made = await committedRun();
  const to = join(made.directory, 'exports', 'x');
  for (const format of ['flagembedding', 'pylate', 'beir']) {
    const shape = format === 'pylate' ? { shape: 'kd' } : {};
    await expect(exported(made, format, { to, ...shape, negatives: 50 })).rejects.toThrow(
      /no query of fabricated-\w+ would have a row \(40 queries that keep negatives, but fewer than 50\); ask for fewer/,
    );
  }
  expect(await readdir(dirname(to))).toEqual([]);
});

test('a cache that holds other verdicts than the manifest counts', async () => {
  const made = await committedRun();
  const path = join(runDirectory(made), '_manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  manifest.funnel.kept += 1;
  await writeFile(path, JSON.stringify(manifest));
  const to = join(made.directory, 'exports', 'x');
  await expect(exported(made, 'flagembedding', { to })).rejects.toThrow("so the cache is not this run's");
  expect(await readdir(dirname(to))).toEqual([]);
});

test('an s3: target gets every file, README.md last, and is refused when it holds something', async ({
  skip,
}) => {
  const s3 = inject('s3');
  if (!s3) return skip('no S3 server on this machine');
  const { endpoint, region, accessKeyId, secretAccessKey, bucket } = s3;
  const openStore = createOpenStore({
    s3: { endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } },
  });
  const made = await committedRun();
  const to = `s3://${bucket}/export-${Date.now()}/set`;
  const local = await exported(made, 'pylate', { shape: 'kd' });
  const { files } = await exported(made, 'pylate', { shape: 'kd', to, openStore });
  expect(files).toEqual(local.files);
  expect(files.at(-1)!.path).toBe('README.md');
  for (const { path } of files) {
    const bytes = Buffer.from(await openStore(to).read(`${to}/${path}`));
    expect(bytes.equals(await readFile(join(local.to, path)))).toBe(true);
  }
  await expect(exported(made, 'flagembedding', { to, openStore })).rejects.toThrow(/--to s3:\S+ holds s3:/);
});
