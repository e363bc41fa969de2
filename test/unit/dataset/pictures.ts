import sharp from 'sharp';

/** A picture of one colour. */
export function picture(background: string, width = 40, height = 30): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toBuffer();
}

export const [red, green, blue] = await Promise.all(
  ['#f00', '#0f0', '#00f'].map((colour) => picture(colour)),
);
