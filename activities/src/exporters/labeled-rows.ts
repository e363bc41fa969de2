import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { BIGINT, type DuckDBType, LIST, listValue, VARCHAR } from '@duckdb/node-api';
import { type DuckDb, openDuckDb, sqlText } from '../tables/duckdb.ts';
import { DuckDbAppender } from '../tables/duckdb-appender.ts';
import type { ExportTarget } from './export-target.ts';
import type { ExportSource } from './exporter.ts';
import { trainingTexts } from './training-texts.ts';

/** Documents of one file. */
const DOCUMENTS_PER_FILE = 250_000;

/**
 * Writes sentence-transformers' labeled rows: with `lists` a row per query, else a row per document.
 *
 * Memory: one query's texts, and DuckDB's limit, beyond which the rows of the file at hand lie on disk.
 */
export async function writeLabeled(
  source: ExportSource,
  target: ExportTarget,
  lists: boolean,
): Promise<void> {
  const columns: Readonly<Record<string, DuckDBType>> = lists
    ? { anchor: VARCHAR, positive: LIST(VARCHAR), labels: LIST(BIGINT) }
    : { anchor: VARCHAR, positive: VARCHAR, label: BIGINT };
  const database = await openDuckDb({ directory: join(source.scratch, 'labeled'), threads: 1 });
  const open = (): Promise<DuckDbAppender> =>
    DuckDbAppender.createTable(database.connection, 'labeled', columns);
  const files: { readonly local: string; readonly rows: number }[] = [];
  const close = async (appender: DuckDbAppender, rows: number): Promise<void> => {
    appender.close();
    const local = await target.path(`part-${files.length}`);
    await copy(database, local);
    files.push({ local, rows });
  };
  try {
    let appender = await open();
    let rows = 0;
    let documents = 0;
    for await (const { query, positives, negatives } of trainingTexts(source)) {
      const texts = [...positives, ...negatives];
      const labels = texts.map((_, i) => (i < positives.length ? 1n : 0n));
      if (lists) appender.add(query, listValue(texts), listValue(labels));
      else for (const [i, text] of texts.entries()) appender.add(query, text, labels[i]!);
      rows += lists ? 1 : texts.length;
      documents += texts.length;
      if (documents < DOCUMENTS_PER_FILE) continue;
      await close(appender, rows);
      appender = await open();
      rows = documents = 0;
    }
    if (rows > 0 || files.length === 0) await close(appender, rows);
  } finally {
    database.close();
  }
  const five = (n: number): string => String(n).padStart(5, '0');
  for (const [part, { local, rows }] of files.entries()) {
    const name = `train-${five(part)}-of-${five(files.length)}.parquet`;
    await rename(local, await target.path(name));
    target.count(name, rows);
  }
}

async function copy({ connection }: DuckDb, path: string): Promise<void> {
  await connection.run(
    `COPY labeled TO ${sqlText(path)} (FORMAT parquet, PARQUET_VERSION V1, ROW_GROUP_SIZE 8192)`,
  );
}
