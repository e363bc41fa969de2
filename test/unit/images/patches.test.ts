import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Idefics3Images, Qwen2VlImages } from '@quarry/activities/embedder/image-settings';
import { decodeImage } from '@quarry/activities/images/decode-image';
import { patchImage } from '@quarry/activities/images/patch-image';
import { describe, expect, test } from 'vitest';
import { shared } from '../../support/shared-data.ts';
import { fixtureImage, type GoldenPatches, golden } from './golden.ts';

const MOST_PIXELS = 1e7;
/** Every so many-th value of a photo is compared. */
const SAMPLED = 401;
/** OpenAI's CLIP: of the Qwen2-VL processor. */
const MEAN = [0.48145466, 0.4578275, 0.40821073];
const STD = [0.26862954, 0.26130258, 0.27577711];
const { minPixels, maxPixels, images } = golden['qwen2-vl'];
const QWEN: Qwen2VlImages = {
  family: 'qwen2-vl',
  patchSize: 14,
  mergeSize: 2,
  temporalPatchSize: 2,
  minPixels,
  maxPixels,
  mean: MEAN,
  std: STD,
};

async function patches(bytes: Uint8Array): Promise<{ grid: readonly number[]; patches: Float32Array }> {
  const found = patchImage(await decodeImage(bytes, MOST_PIXELS), QWEN);
  if (found.family !== 'qwen2-vl') throw new Error(found.family);
  return found;
}

function sha256(values: Float32Array): string {
  return createHash('sha256')
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest('hex');
}

/** Mean absolute difference of the pixels behind patch values, of 255. */
function difference(values: Float32Array, { bytes }: GoldenPatches): number {
  const expected = gunzipSync(Buffer.from(bytes!, 'base64'));
  let sum = 0;
  for (let i = 0; i < expected.length; i++) {
    const [patch, inside] = [Math.floor(i / 588), i % 588];
    const channel = Math.floor(inside / 196);
    const value = values[patch * 1176 + channel * 392 + (inside % 196)]!;
    sum += Math.abs((value * STD[channel]! + MEAN[channel]!) * 255 - expected[i]!);
  }
  return sum / expected.length;
}

describe("patches are those of transformers' Qwen2-VL processor", () => {
  const exact = Object.entries(images).filter(([, { bytes }]) => bytes === undefined);
  test.each(exact)('%s, to the bit', async (name, expected) => {
    const found = await patches(await fixtureImage(name));
    expect([...found.grid]).toEqual(expected.grid);
    expect(sha256(found.patches)).toBe(expected.sha256);
  });

  const lossy = Object.entries(images).filter(([, { bytes }]) => bytes !== undefined);
  test.each(lossy)('%s, up to what decoders differ in', async (name, expected) => {
    const found = await patches(await fixtureImage(name));
    expect([...found.grid]).toEqual(expected.grid);
    expect(difference(found.patches, expected)).toBeLessThan(0.6);
  });

  const photos = shared('data/flickr8k-500/images');
  test.skipIf(!photos).each(Object.entries(golden.photos))('photo %s, by samples', async (name, expected) => {
    const found = await patches(await readFile(join(photos!, name)));
    expect([...found.grid]).toEqual(expected.grid);
    let sum = 0;
    for (const [i, value] of expected.samples.entries()) sum += Math.abs(found.patches[i * SAMPLED]! - value);
    // Values are (v / 255 - mean) / std, so that 1 of 255 is 0.0142 to 0.0151.
    expect(sum / expected.samples.length).toBeLessThan(0.0142);
  });
});

describe("frames are those of transformers' Idefics3 and SmolVLM processors", () => {
  const cases = golden.idefics3.flatMap(({ longest, size, splitting, images: all }) =>
    Object.entries(all).map(([name, expected]) => {
      const settings: Idefics3Images = {
        family: 'idefics3',
        size,
        longestEdge: longest,
        split: splitting,
        tokensPerTile: 64,
        mean: [0.5, 0.5, 0.5],
        std: [0.5, 0.5, 0.5],
      };
      return { name, tiles: splitting ? `tiles of ${size} of ${longest}` : 'one frame', settings, expected };
    }),
  );
  test.each(cases)('$name, $tiles', async ({ name, settings, expected }) => {
    const found = patchImage(await decodeImage(await fixtureImage(name), MOST_PIXELS), settings);
    if (found.family !== 'idefics3') throw new Error(found.family);
    const { rows, columns, frames, size } = found;
    expect([rows, columns, frames.length / (3 * size * size)]).toEqual([
      expected.rows,
      expected.columns,
      expected.frames,
    ]);
    expect(sha256(frames)).toBe(expected.sha256);
  });
});
