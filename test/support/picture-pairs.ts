import { picture } from './picture-jobs.ts';
import { jsonl } from './write-job.ts';

/** Files of a small `pairs` input: every query has a text, an image or both; every third document an image beside its text. */
export async function picturePairs(count: number): Promise<Record<string, string | Uint8Array>> {
  const pictures = await Promise.all(Array.from({ length: count }, (_, i) => picture(7 * i)));
  const rows = pictures.map((_, i) => ({
    query: i % 3 === 0 ? '' : `what is number ${i}?`,
    image: i % 3 === 1 ? '' : `${i}.png`,
    positive: `it is thing ${i}`,
    shown: i % 3 === 2 ? `${(i + 1) % count}.png` : '',
  }));
  return {
    'pairs.jsonl': jsonl(rows),
    ...Object.fromEntries(pictures.map((bytes, i) => [`pictures/${i}.png`, bytes])),
  };
}

/** The job's input over them. */
export const PICTURE_PAIRS = {
  format: 'pairs',
  path: 'pairs.jsonl',
  columns: { queryImage: 'image', positiveImage: 'shown' },
  imageRoot: 'pictures',
} as const;
