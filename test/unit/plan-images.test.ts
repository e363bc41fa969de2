import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { plan } from '@quarry/activities/stages/plan';
import { encodeNpy } from '@quarry/activities/tables/npy';
import { type Job, type JobInput, jobSchema } from '@quarry/workflows/job';
import sharp from 'sharp';
import { beforeEach, describe, expect, test } from 'vitest';
import { jsonl, stageContext, temporaryDirectory, writeFiles } from './dataset/planned-input.ts';

const judgeModel = (name: string): string => new URL(`judges/fixtures/${name}`, import.meta.url).href;

function picture(background: string): Promise<Buffer> {
  return sharp({ create: { width: 40, height: 30, channels: 3, background } })
    .png()
    .toBuffer();
}

let directory: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
  await writeFiles(directory, {
    'pairs.jsonl': jsonl({ image: 'red.png', caption: 'red' }, { image: 'blue.png', caption: 'blue' }),
    'pictures/red.png': await picture('#f00'),
    'pictures/blue.png': await picture('#00f'),
    'q.npy': encodeNpy(new Float32Array([1, 0, 0, 1]), [2, 2]),
    'd.npy': encodeNpy(new Float32Array([1, 0, 0, 1]), [2, 2]),
  });
});

const uri = (name: string): string => pathToFileURL(join(directory, name)).href;

function job(overrides: Partial<JobInput> = {}): Job {
  return jobSchema.parse({
    name: 'pictures',
    input: {
      format: 'pairs',
      path: uri('pairs.jsonl'),
      imageRoot: uri('pictures'),
      columns: { queryImage: 'image', positive: 'caption' },
      maxBadRows: 0.5,
    },
    model: { kind: 'vectors', queries: uri('q.npy'), documents: uri('d.npy') },
    output: { path: uri('out') },
    ...overrides,
  });
}

const runPlan = async (asked: Job) => plan(stageContext(await temporaryDirectory()), { job: asked });

describe('the plan of a job with images', () => {
  test('is memoised while the image files are as they were', async () => {
    const first = await runPlan(job());
    const second = await runPlan(job());
    expect(second.planned.reused).toBe(true);
    expect(second.runId).toBe(first.runId);
  });

  test('is another one when an image has other bytes, although no table changed', async () => {
    const first = await runPlan(job());
    await writeFile(join(directory, 'pictures/blue.png'), await picture('#008'));
    const changed = await runPlan(job());
    expect(changed.planned.reused).toBe(false);
    expect(changed.runId).not.toBe(first.runId);
  });

  test('is done again when a file was only touched, and is the same run', async () => {
    const first = await runPlan(job());
    await writeFile(join(directory, 'pictures/blue.png'), await picture('#00f'));
    const touched = await runPlan(job());
    expect(touched.planned.reused).toBe(false);
    expect(touched.runId).toBe(first.runId);
  });

  test('quarantines an image that went away', async () => {
    await runPlan(job());
    await rm(join(directory, 'pictures/blue.png'));
    expect(await runPlan(job())).toMatchObject({ queries: 1, quarantined: 1 });
  });

  test('is refused with a model that takes text only', async () => {
    const path = fileURLToPath(new URL('../fixtures/models/tiny-qwen3', import.meta.url));
    await expect(runPlan(job({ model: { kind: 'generator', path } }))).rejects.toThrow(
      /tiny-qwen3 takes text only, but .*pairs\.jsonl has images on the side of the query; use a model with a vision encoder/,
    );
  });

  test.each([
    [
      'cross_encoder',
      { filters: [{ name: 'cross_encoder', path: judgeModel('cross-encoder-1'), above: 0.5 }] },
    ],
    ['judge', { judge: { path: judgeModel('generator') } }],
  ] as const)('is refused with %s, which reads texts only', async (name, mining) => {
    const asked = job({ mining: { strategy: 'margin', ...mining } as JobInput['mining'] });
    await expect(runPlan(asked)).rejects.toThrow(
      new RegExp(
        `${name} reads texts only, but .*pairs\\.jsonl has images alone on the side of the query; remove it`,
      ),
    );
  });
});
