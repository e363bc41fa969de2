import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { captions, LABELS, picture, twoSubsets } from '../support/picture-jobs.ts';
import { mine } from '../support/quarry.ts';
import { writeJob } from '../support/write-job.ts';
import { type Python, pythonEnvironment } from './python-environment.ts';

interface Loaded {
  readonly features: Record<string, string>;
  readonly first: Record<string, { size: [number, number]; pixel: number[] } | string | null>;
}

let python: Python;
let directory: string;
let pictures: Buffer[];
beforeAll(async () => {
  python = await pythonEnvironment(new URL('requirements-images.txt', import.meta.url));
  directory = await mkdtemp(join(tmpdir(), 'quarry-interop-images-'));
  pictures = await Promise.all(Array.from({ length: LABELS }, (_, i) => picture(i)));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** What `datasets.load_dataset` makes of a run's tables. */
async function load(
  [job, files]: ReturnType<typeof twoSubsets>,
  skip: (note: string) => never,
): Promise<Record<string, Loaded>> {
  if (!('path' in python)) return skip(`Python is not tested: ${python.missing}`);
  const run = await mine(await writeJob(join(directory, job.name), job, files), join(directory, 'home'));
  const script = fileURLToPath(new URL('read_images.py', import.meta.url));
  const { stdout } = await promisify(execFile)(python.path, [script, fileURLToPath(run.output)], {
    env: { ...process.env, HF_HOME: join(directory, 'hf'), HF_HUB_OFFLINE: '1' },
  });
  return JSON.parse(stdout) as Record<string, Loaded>;
}

describe('datasets.load_dataset gives pictures', () => {
  test('in one column where a side is images alone', async ({ skip }) => {
    const found = await load(captions(pictures, {}), skip);
    expect(found.triplet!.features).toEqual({ anchor: 'Image', positive: 'Value', negative: 'Value' });
    const { anchor, positive } = found.triplet!.first;
    const number = Number(/\d+/.exec(positive as string));
    expect(anchor).toEqual({
      size: [24 + number, 32],
      pixel: [(number * 37) % 256, (number * 91) % 256, number],
    });
  });

  test('by the paths of their files', async ({ skip }) => {
    const [job, files] = captions(pictures, { images: 'path' });
    const found = await load([{ ...job, name: 'by-path' }, files], skip);
    expect(found.triplet!.first.anchor).toMatchObject({ size: [24, 32] });
  });

  test('beside texts where a side has both', async ({ skip }) => {
    const found = await load(twoSubsets(pictures), skip);
    expect(found['n-tuple']!.features).toMatchObject({
      anchor: 'Value',
      anchor_image: 'Image',
      negative_2_image: 'Image',
    });
    expect(found['n-tuple']!.first).toMatchObject({
      anchor: 'What is it?',
      anchor_image: { size: [24, 32], pixel: [0, 0, 0] },
      positive: 'label 0',
      positive_image: null,
    });
    expect(found.clusters!.features).toMatchObject({
      query: 'Value',
      query_image: 'Image',
      positive_image: 'Image',
    });
  });
});
