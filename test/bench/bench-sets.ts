import { readFileSync } from 'node:fs';
import { shared } from '../support/shared-data.ts';

/** Sets of texts of different lengths that benchmarks embed. */
const FILES = {
  scifact: 'data/scifact/corpus.jsonl',
  banking77: 'data/banking77/train.jsonl',
  captions: 'data/flickr8k-captions/captions.jsonl',
  'captions of 500 photos': 'data/flickr8k-500/captions.jsonl',
} as const;
export type BenchSet = keyof typeof FILES;
export const BENCH_SETS = Object.keys(FILES) as readonly BenchSet[];

/** Its documents, in the order of the file; null where it is missing. */
export function textsOfSet(set: BenchSet): readonly string[] | null {
  const path = shared(FILES[set]);
  if (path === null) return null;
  return readFileSync(path, 'utf8').split('\n').filter(Boolean).flatMap(textsIn);
}

function textsIn(line: string): readonly string[] {
  const row = JSON.parse(line) as { title?: string; text?: string; captions?: readonly string[] };
  return row.captions ?? [[row.title, row.text].filter(Boolean).join(' ')];
}
