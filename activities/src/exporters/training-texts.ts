import type { ExportSource } from './exporter.ts';
import { streamRows } from './stream-rows.ts';

/** One query of the table `triplet`. */
export interface TrainingTexts {
  readonly query: string;
  /** Texts, each once, in the order of the rows. */
  readonly positives: readonly string[];
  /** Texts, each once, the order of mining; never one of the positives. */
  readonly negatives: readonly string[];
}

/**
 * The queries of `triplet`, whose rows are pairs x negatives of a query, one query after the other. Queries of equal text
 * that follow each other (`input.dedup: false`) come as one, and what is a positive of either is no negative.
 *
 * Memory: a chunk of rows and the texts of one query.
 */
export async function* trainingTexts(source: ExportSource): AsyncGenerator<TrainingTexts> {
  let query: string | undefined;
  let positives = new Set<string>();
  let negatives = new Set<string>();
  const group = (text: string): TrainingTexts => ({
    query: text,
    positives: [...positives],
    negatives: [...negatives].filter((negative) => !positives.has(negative)),
  });
  for await (const row of streamRows(source, 'SELECT anchor, positive, negative FROM triplet')) {
    if (row.anchor !== query) {
      if (query !== undefined) yield group(query);
      query = String(row.anchor);
      positives = new Set();
      negatives = new Set();
    }
    positives.add(String(row.positive));
    negatives.add(String(row.negative));
  }
  if (query !== undefined) yield group(query);
}
