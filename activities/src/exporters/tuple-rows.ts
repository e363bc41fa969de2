import type { ExportOptions } from './export-options.ts';
import { eachExample } from './source/each-example.ts';
import type { ScoredDocument } from './source/example.ts';
import type { ExportSource } from './source/export-source.ts';
import type { ExportTarget } from './target/export-target.ts';
import type { Json } from './target/json-file.ts';
import { type ParquetRows, writeParquetRows } from './target/parquet-files.ts';

/** Triplets that are not the run's own files: fewer negatives, or with scores. */
export async function writeTriplets(
  source: ExportSource,
  target: ExportTarget,
  { negatives: count, scores }: ExportOptions,
): Promise<void> {
  const columns: ParquetRows['columns'] = {
    anchor: 'VARCHAR',
    positive: 'VARCHAR',
    negative: 'VARCHAR',
    ...scoreColumn(scores, 1),
  };
  await writeParquetRows(source, target, { directory: '', split: 'train', columns }, (write) =>
    eachExample(source, target, count, ({ query, paired, negatives }) => {
      const anchor = query.text;
      for (const positive of paired) {
        for (const negative of negatives) {
          write([anchor, positive.text, negative.text, ...scoreValue(scores, positive, [negative])], 3);
        }
      }
    }),
  );
}

/** N-tuples that are not the run's own files: another N, or with scores. */
export async function writeTuples(
  source: ExportSource,
  target: ExportTarget,
  { scores }: ExportOptions,
  count: number,
): Promise<void> {
  const names = Array.from({ length: count }, (_, n) => `negative_${n + 1}`);
  const columns: ParquetRows['columns'] = {
    anchor: 'VARCHAR',
    positive: 'VARCHAR',
    ...Object.fromEntries(names.map((name) => [name, 'VARCHAR' as const])),
    ...scoreColumn(scores, count),
  };
  await writeParquetRows(source, target, { directory: '', split: 'train', columns }, (write) =>
    eachExample(source, target, count, ({ query, paired, negatives }) => {
      for (const positive of paired) {
        const texts = negatives.map(({ text }) => text);
        write([query.text, positive.text, ...texts, ...scoreValue(scores, positive, negatives)], count + 2);
      }
    }),
  );
}

function scoreColumn(scores: ExportOptions['scores'], count: number): ParquetRows['columns'] {
  if (scores === undefined) return {};
  if (scores === 'scores') return { scores: 'FLOAT[]' };
  return { label: count === 1 ? 'FLOAT' : 'FLOAT[]' };
}

function scoreValue(
  scores: ExportOptions['scores'],
  { score }: ScoredDocument,
  negatives: readonly ScoredDocument[],
): readonly Json[] {
  if (scores === undefined) return [];
  if (scores === 'scores') return [[score, ...negatives.map((negative) => negative.score)]];
  const margins = negatives.map((negative) => score - negative.score);
  return margins.length === 1 ? margins : [margins];
}
