import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonl } from '../../support/write-job.ts';

/** (query id, document id). */
export type Pair = readonly [query: string, document: string];

export interface Text {
  readonly id: string;
  readonly text: string;
}

/** What is mined and trained on, what is hidden from both, and what the trained model is asked afterwards. */
export interface TrainingSet {
  readonly documents: readonly Text[];
  readonly queries: readonly Text[];
  readonly visible: readonly Pair[];
  readonly hidden: readonly Pair[];
  readonly heldOut: HeldOut;
}

/** Queries that no training saw. */
interface HeldOut {
  readonly metric: 'accuracy' | 'nDCG@10';
  readonly documents: readonly string[];
  readonly queries: readonly {
    readonly text: string;
    /** Places of the right documents. */
    readonly relevant: readonly number[];
    /** Place of the query itself among the documents. */
    readonly self: number | null;
  }[];
}

/** Writes a set as BEIR, with `qrels/hidden.tsv` and `held-out.json` beside. */
export async function writeTrainingSet(directory: string, set: TrainingSet): Promise<void> {
  await mkdir(join(directory, 'qrels'), { recursive: true });
  const rows = (texts: readonly Text[]): string => jsonl(texts.map(({ id, text }) => ({ _id: id, text })));
  const qrels = (pairs: readonly Pair[]): string =>
    ['query-id\tcorpus-id\tscore', ...pairs.map(([query, document]) => `${query}\t${document}\t1`), ''].join(
      '\n',
    );
  await writeFile(join(directory, 'corpus.jsonl'), rows(set.documents));
  await writeFile(join(directory, 'queries.jsonl'), rows(set.queries));
  await writeFile(join(directory, 'qrels', 'train.tsv'), qrels(set.visible));
  await writeFile(join(directory, 'qrels', 'hidden.tsv'), qrels(set.hidden));
  await writeFile(join(directory, 'held-out.json'), JSON.stringify(set.heldOut));
}

/** Rows of a JSONL file. */
export async function readJsonl<T>(path: string): Promise<T[]> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  return lines.filter((line) => line.trim() !== '').map((line) => JSON.parse(line) as T);
}

/** Pairs of a qrels file with a positive score, in order. */
export async function readPairs(path: string): Promise<Pair[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').slice(1);
  return lines.flatMap((line) => {
    const [query, document, score] = line.split('\t');
    return query && document && Number(score) > 0 ? [[query, document] as const] : [];
  });
}
