import { checkImage, decodeImage } from '@quarry/activities/images/decode-image';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';
import { fixtureImage } from './golden.ts';

const MOST_PIXELS = 1e6;

/** Mean of each channel in the left and the right half. */
async function halves(bytes: Uint8Array): Promise<number[][]> {
  const { width, height, data } = await decodeImage(bytes, MOST_PIXELS);
  const middle = width >> 1;
  const mean = (from: number, to: number): number[] =>
    [0, 1, 2].map((channel) => {
      let sum = 0;
      for (let y = 0; y < height; y++)
        for (let x = from; x < to; x++) sum += data[(y * width + x) * 3 + channel]!;
      return Math.round(sum / (height * (to - from)));
    });
  return [mean(0, middle), mean(middle, width)];
}

/** Red on the left, blue on the right, 40 x 20. */
async function redAndBlue(): Promise<Sharp> {
  const blue = await sharp({ create: { width: 20, height: 20, channels: 3, background: '#0000ff' } })
    .png()
    .toBuffer();
  const both = await sharp({ create: { width: 40, height: 20, channels: 3, background: '#ff0000' } })
    .composite([{ input: blue, left: 20, top: 0 }])
    .png()
    .toBuffer();
  return sharp(both);
}

describe('images are decoded', () => {
  test('upright, as their EXIF orientation says', async () => {
    const turned = await (await redAndBlue())
      .jpeg({ quality: 100 })
      .withMetadata({ orientation: 6 })
      .toBuffer();
    const { width, height, data } = await decodeImage(turned, MOST_PIXELS);
    expect([width, height]).toEqual([20, 40]);
    expect(data[0]).toBeGreaterThan(200);
    expect(data[data.length - 1]).toBeGreaterThan(200);
    expect(await checkImage(turned, MOST_PIXELS)).toEqual({ format: 'jpeg', width: 20, height: 40 });
  });

  test('transparent ones on white', async () => {
    const clear = await sharp({
      create: { width: 8, height: 8, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } },
    })
      .png()
      .toBuffer();
    expect(await halves(clear)).toEqual([
      [255, 255, 255],
      [255, 255, 255],
    ]);
  });

  test('of 16 bits', async () => {
    const deep = await (await redAndBlue()).toColourspace('rgb16').png().toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe('ushort');
    expect(await halves(deep)).toEqual([
      [255, 0, 0],
      [0, 0, 255],
    ]);
  });

  test('of one channel', async () => {
    const grey = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#808080' } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    expect((await halves(grey))[0]).toEqual([128, 128, 128]);
  });

  test('of CMYK', async () => {
    const printed = await (await redAndBlue()).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(printed).metadata()).space).toBe('cmyk');
    const [left, right] = await halves(printed);
    expect(left![0]).toBeGreaterThan(left![2]! + 100);
    expect(right![2]).toBeGreaterThan(right![0]! + 60);
  });

  test('of several frames the first', async () => {
    const frames = await Promise.all(
      ['#ff0000', '#00ff00'].map((background) =>
        sharp({ create: { width: 16, height: 16, channels: 3, background } })
          .png()
          .toBuffer(),
      ),
    );
    const moving = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer();
    expect((await sharp(moving).metadata()).pages).toBe(2);
    expect((await halves(moving))[0]).toEqual([255, 0, 0]);
  });
});

describe('what is no image is refused with its reason', () => {
  const refused = async (bytes: Uint8Array, reason: RegExp): Promise<void> => {
    await expect(decodeImage(bytes, MOST_PIXELS)).rejects.toMatchObject({
      reason: expect.stringMatching(reason),
    });
    await expect(checkImage(bytes, MOST_PIXELS)).rejects.toMatchObject({
      reason: expect.stringMatching(reason),
    });
  };

  test('nothing', () => refused(new Uint8Array(0), /empty/));
  test('a text', () => refused(Buffer.from('not an image, whatever its name says'), /not an image/));
  test.each(['photo.jpg', 'wide.png', 'lossy.webp', 'palette.gif'])('%s cut off', async (name) => {
    const bytes = await fixtureImage(name);
    await refused(bytes.subarray(0, Math.floor(bytes.length * 0.7)), /broken|not an image that can be read/);
  });
  test('a PNG with damaged data', async () => {
    const bytes = Buffer.from(await fixtureImage('wide.png'));
    bytes.fill(0x55, 1000, 1100);
    await refused(bytes, /broken/);
  });
  test('more pixels than allowed, by the header', async () => {
    const wide = await sharp({ create: { width: 2000, height: 1000, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    // Little more than the header is there: nothing could be decoded.
    await refused(
      wide.subarray(0, 1000),
      /2000 x 1000 = 2000000 pixels; input\.maxImagePixels allows 1000000/,
    );
  });
  test('a line', async () => {
    const line = await sharp({ create: { width: 1005, height: 5, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    await refused(line, /200 to 1/);
  });
  test('a drawing program', () =>
    refused(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), /svg/));
});
