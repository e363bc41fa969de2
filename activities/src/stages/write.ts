import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunRef, Table, UnitResult } from '@quarry/workflows';
import { QuarryError } from '../failures.ts';
import { openDuckDb } from '../tables/duckdb.ts';
import type { RowSource } from '../tables/row-source.ts';
import { rowsPerFile, tableColumns, tableFile } from '../tables/table-schema.ts';
import { verifyParquet } from '../tables/verify-parquet.ts';
import { uncompressedSize, writeParquet } from '../tables/write-parquet.ts';
import { runDirectory, tableRows, tableShape, writeKey } from './arrangement.ts';
import { candidateSource } from './candidate-source.ts';
import { contentShards } from './content-shards.ts';
import { contentSource } from './content-source.ts';
import { denseTable } from './dense-table.ts';
import { publisher } from './publish-image.ts';
import { readRunDocument, unitDirectory } from './run-document.ts';
import type { StageContext } from './stage-context.ts';
import { type Done, hashFile, memoised } from './unit.ts';

/** DuckDB's own bound; it spills beyond it. */
const MEMORY_LIMIT = '250MB';

/** Figures of a written file. */
export interface WrittenFile {
  /** Relative to the run's directory. */
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  /** Of the column chunks, before compression. */
  readonly uncompressedBytes: number;
  readonly sha256: string;
  /** What read values back: `parquetjs-lite`, or `duckdb` where that cannot decompress (zstd). */
  readonly readBackBy: string;
}

/**
 * One Parquet file of one table, put under its final name and read back from there.
 *
 * Memory: DuckDB has 250 MB; besides, a query shard's candidates (q x k x 17 bytes) at a time, the dense rows of the file
 * (at most 40 bytes each of a million) twice and, for `clusters`, 8 bytes per pair of the plan. Texts lie on disk, once per
 * distinct content (embedded images as well, 20,000 places per file); DuckDB holds row groups of about 32 MB, or of 2,048
 * rows where texts alone are more. Measured on top of the
 * process: 340 MB for a million candidates, 470 MB for 250,000 triplets of 1.8 kB documents.
 */
export async function write(
  context: StageContext,
  unit: RunRef & { readonly table: Table; readonly part: number },
): Promise<UnitResult> {
  const run = await readRunDocument(context, unit);
  const { table, part } = unit;
  const shape = tableShape(run);
  const { rows: all, parts } = await tableRows(context, unit.cache, run, table);
  const perFile = rowsPerFile(table, shape);
  const rows = Math.min(perFile, all - part * perFile);
  const path = tableFile(table, part, parts);
  const uri = `${runDirectory(run)}/${path}`;
  const store = context.openStore(uri);
  const key = writeKey(run, table, part);
  await forgetLost(context, `${unitDirectory(unit.cache, 'write', key)}/done.json`, uri);

  return memoised(context, unit, 'write', key, async (output) => {
    const database = await openDuckDb({
      directory: join(output.directory, 'duckdb'),
      threads: context.threads,
      memoryLimit: MEMORY_LIMIT,
    });
    const { connection } = database;
    const interrupt = (): void => connection.interrupt();
    context.signal.addEventListener('abort', interrupt, { once: true });
    let source: RowSource | undefined;
    try {
      const dense = await denseTable(context, unit, run);
      const found = Object.values(dense)[0]!.length;
      if (found !== rows) throw miscounted(uri, found, rows);
      const columns = tableColumns(table, shape);
      const contents = contentShards(context, unit, run);
      source =
        table === 'candidates'
          ? await candidateSource(connection, dense, contents, context.signal)
          : await contentSource(connection, output.directory, {
              columns,
              dense,
              contents,
              publish: publisher(context, run),
              signal: context.signal,
              onRows: (done) => context.progress(done, rows),
            });
      context.signal.throwIfAborted();
      const local = join(output.directory, 'file.parquet');
      await writeParquet(connection, source, {
        columns,
        compression: run.job.output.compression,
        path: local,
      });
      context.signal.throwIfAborted();
      const bytes = (await stat(local)).size;
      const uncompressedBytes = await uncompressedSize(connection, local);
      const sha256 = await hashFile(local);
      await store.putFile(local, uri);
      const readBackBy = await verifyParquet(context, connection, source, { columns, rows, bytes, uri });
      const figures: WrittenFile = { path, rows, bytes, uncompressedBytes, sha256, readBackBy };
      return { rows, figures: { ...figures } };
    } finally {
      context.signal.removeEventListener('abort', interrupt);
      source?.close();
      database.close();
    }
  });
}

/** A cached unit whose file is not where it was put (removed, or another output) is done again. */
async function forgetLost(context: StageContext, doneUri: string, uri: string): Promise<void> {
  const cache = context.openStore(doneUri);
  const present = await cache.readIfPresent(doneUri);
  if (!present) return;
  const { figures } = JSON.parse(new TextDecoder().decode(present)) as Done;
  if ((await context.openStore(uri).size(uri)) !== figures.bytes) await cache.remove(doneUri);
}

function miscounted(uri: string, found: number, expected: number): QuarryError {
  return new QuarryError(
    'BadArtefact',
    `${uri}: ${found} rows came together, ${expected} were arranged; the cache holds results of another version: remove it and start the job again`,
  );
}
