import { encodeNpy } from '@quarry/activities/tables/npy';
import type { JobInput } from '@quarry/workflows/job';
import sharp from 'sharp';
import { jsonl, mixture } from './write-job.ts';

/** Jobs over drawn pictures with given vectors, and their files. */

export const LABELS = 40;
export const WORDS = 30;
const DIMENSION = 16;

/** A picture by its number: colour and width. */
export function picture(number: number): Promise<Buffer> {
  const background = { r: (number * 37) % 256, g: (number * 91) % 256, b: number };
  return sharp({ create: { width: 24 + number, height: 32, channels: 3, background } })
    .png()
    .toBuffer();
}

export type JobWithFiles = readonly [JobInput, Record<string, string | Uint8Array>];

export interface TwoSubsets {
  readonly words?: number;
  /** Of the pictures' files. */
  readonly extension?: string;
  readonly mining?: JobInput['mining'];
}

/**
 * Two subsets in MMEB's columns: every picture has its label, a word its picture (every third with a caption); the words'
 * pictures are among those of the labels.
 */
export function twoSubsets(
  pictures: readonly Buffer[],
  {
    words: count = WORDS,
    extension = 'png',
    mining = { topK: 3, poolMultiplier: 2, classification: ['labels'], numNegatives: 2 },
  }: TwoSubsets = {},
): JobWithFiles {
  const labels = Array.from(pictures, (_, i) => ({
    qry: '<|image_1|>\nWhat is it?',
    qry_image_path: `images/${i}.${extension}`,
    pos_text: `label ${i}`,
    pos_image_path: '',
  }));
  const words = Array.from({ length: count }, (_, i) => ({
    qry: `word ${i}`,
    qry_image_path: '',
    pos_text: i % 3 === 0 ? `<|image_1|>\ncaption ${i}` : '<|image_1|>',
    pos_image_path: `images/${i}.${extension}`,
  }));
  const rows = pictures.length + count;
  const documents = mixture(rows, DIMENSION, 1);
  const vectors = (data: Float32Array): Uint8Array => encodeNpy(data, [rows, DIMENSION]);
  return [
    {
      name: 'subsets',
      input: { format: 'mmeb', path: 'data' },
      model: { kind: 'vectors', queries: 'queries.npy', documents: 'documents.npy' },
      mining,
      execution: { shardRows: 11, partRows: 17 },
    },
    {
      'data/labels/train.jsonl': jsonl(labels),
      'data/words/train.jsonl': jsonl(words),
      'queries.npy': vectors(mixture(rows, DIMENSION, 2, documents)),
      'documents.npy': vectors(documents),
      ...Object.fromEntries(pictures.map((bytes, i) => [`data/images/${i}.${extension}`, bytes])),
    },
  ];
}

/** Twenty pictures with a caption each. */
export function captions(pictures: readonly Buffer[], output: JobInput['output']): JobWithFiles {
  const rows = 20;
  const pairs = Array.from({ length: rows }, (_, i) => ({ image: `${i}.png`, caption: `caption ${i}` }));
  const documents = mixture(rows, DIMENSION, 3);
  return [
    {
      name: 'captions',
      input: {
        format: 'pairs',
        path: 'data/pairs.jsonl',
        imageRoot: 'pictures',
        columns: { queryImage: 'image', positive: 'caption' },
      },
      model: { kind: 'vectors', queries: 'queries.npy', documents: 'documents.npy' },
      mining: { strategy: 'margin', numNegatives: 2 },
      output,
    },
    {
      'data/pairs.jsonl': jsonl(pairs),
      ...Object.fromEntries(pictures.slice(0, rows).map((bytes, i) => [`pictures/${i}.png`, bytes])),
      'queries.npy': encodeNpy(mixture(rows, DIMENSION, 4, documents), [rows, DIMENSION]),
      'documents.npy': encodeNpy(documents, [rows, DIMENSION]),
    },
  ];
}
