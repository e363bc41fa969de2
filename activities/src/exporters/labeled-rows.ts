import type { ExportOptions } from './export-options.ts';
import { eachExample } from './source/each-example.ts';
import type { ExportSource } from './source/export-source.ts';
import type { ExportTarget } from './target/export-target.ts';
import { writeParquetRows } from './target/parquet-files.ts';

/** A row per document of a query: anchor, positive (which holds any document), and its label or its score. */
export async function writeLabeledPairs(
  source: ExportSource,
  target: ExportTarget,
  { negatives: count, scores }: ExportOptions,
): Promise<void> {
  const label = scores === undefined ? ({ label: 'BIGINT' } as const) : ({ score: 'FLOAT' } as const);
  const columns = { anchor: 'VARCHAR', positive: 'VARCHAR', ...label } as const;
  await writeParquetRows(source, target, { directory: '', split: 'train', columns }, (write) =>
    eachExample(source, target, count, ({ query, positives, negatives }) => {
      const anchor = query.text;
      for (const { text, score } of positives) write([anchor, text, scores === undefined ? 1 : score], 2);
      for (const { text, score } of negatives) write([anchor, text, scores === undefined ? 0 : score], 2);
    }),
  );
}

/**
 * A row per query and positive, as sentence-transformers makes them: anchor, positive (a list: that positive, then the query's
 * negatives), and their labels or their scores.
 */
export async function writeLabeledList(
  source: ExportSource,
  target: ExportTarget,
  { negatives: count, scores }: ExportOptions,
): Promise<void> {
  const labels = scores === undefined ? ({ labels: 'BIGINT[]' } as const) : ({ scores: 'FLOAT[]' } as const);
  const columns = { anchor: 'VARCHAR', positive: 'VARCHAR[]', ...labels } as const;
  await writeParquetRows(source, target, { directory: '', split: 'train', columns }, (write) =>
    eachExample(source, target, count, ({ query, paired, negatives }) => {
      for (const own of paired) {
        const documents = [own, ...negatives];
        const values = documents.map((document) =>
          scores === undefined ? (document === own ? 1 : 0) : document.score,
        );
        const texts = documents.map(({ text }) => text);
        write([query.text, texts, values], documents.length + 1);
      }
    }),
  );
}
