import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { drawThumbnails } from '@quarry/activities/inspection/thumbnails';
import { createPool, type Pool } from '@quarry/activities/pool/pool';
import { openStore } from '@quarry/activities/storage/open-store';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A picture in which no pixel is like its neighbour, so that it does not compress. */
async function noise(width: number, height: number, seed: number): Promise<Buffer> {
  const raw = Uint8Array.from(
    { length: width * height * 3 },
    (_, i) => (Math.imul(i + seed, 0x9e3779b1) >>> 13) & 255,
  );
  return sharp(raw, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

describe('thumbnails', () => {
  let pool: Pool;
  let directory: string;
  beforeAll(async () => {
    pool = createPool({ threads: 1 });
    directory = await mkdtemp(join(tmpdir(), 'quarry-thumbnails-'));
  });
  afterAll(async () => {
    await pool.close();
    await rm(directory, { recursive: true, force: true });
  });
  const draw = (images: Parameters<typeof drawThumbnails>[2]) =>
    drawThumbnails(
      { openStore, pool, signal: new AbortController().signal },
      pathToFileURL(directory).href,
      images,
    );

  test('are small pictures of the images, by path or by bytes, once for each content', async () => {
    const [one, other] = [await noise(640, 320, 1), await noise(50, 60, 2)];
    await writeFile(join(directory, 'one.png'), one);
    const stored = { path: 'one.png', sha256: sha256(one), bytes: null };
    const drawn = await draw([stored, stored, { path: null, sha256: sha256(other), bytes: other }]);
    expect([...drawn.keys()]).toEqual([sha256(one), sha256(other)]);
    const sizes = await Promise.all(
      [...drawn.values()].map(async (uri) => {
        const { format, width, height } = await sharp(
          Buffer.from(uri.replace(/^data:image\/webp;base64,/, ''), 'base64'),
        ).metadata();
        return [format, width, height];
      }),
    );
    expect(sizes).toEqual([
      ['webp', 192, 96],
      ['webp', 50, 60],
    ]);
  });

  test('are not drawn of what is gone, changed or broken, which is no error', async () => {
    const broken = Buffer.from('no image');
    await writeFile(join(directory, 'changed.png'), 'other bytes than planned');
    const drawn = await draw([
      { path: 'gone.png', sha256: '0'.repeat(64), bytes: null },
      { path: 'changed.png', sha256: '1'.repeat(64), bytes: null },
      { path: null, sha256: sha256(broken), bytes: broken },
    ]);
    expect(drawn.size).toBe(0);
  });

  test('are bounded, all together', async () => {
    const images = await Promise.all(Array.from({ length: 160 }, (_, i) => noise(192, 192, i)));
    const drawn = await draw(images.map((bytes) => ({ path: null, sha256: sha256(bytes), bytes })));
    const bytes = [...drawn.values()].reduce((sum, uri) => sum + (uri.length * 3) / 4, 0);
    expect(drawn.size).toBeLessThan(images.length);
    expect(bytes).toBeLessThan(2.1 * 2 ** 20);
  });
});
