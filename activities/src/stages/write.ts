import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunRef, Table, UnitResult } from '@quarry/workflows';
import { QuarryError } from '../failures.ts';
import { openDuckDb } from '../tables/duckdb.ts';
import { rowsPerFile, tableColumns, tableFile } from '../tables/table-schema.ts';
import { verifyParquet } from '../tables/verify-parquet.ts';
import { rowGroupRows, writeParquet } from '../tables/write-parquet.ts';
import { runDirectory, tableRows, writeKey } from './arrangement.ts';
import { fillTables } from './fill-tables.ts';
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
  readonly sha256: string;
  /** What read values back: `parquetjs-lite`, or `duckdb` where that cannot decompress (zstd). */
  readonly readBackBy: string;
}

/**
 * One Parquet file of one table, put under its final name and read back from there.
 *
 * Memory: about 400 MB, of which DuckDB has 250 MB; a query shard's candidates (q x k x 17 bytes) at a time, the dense
 * rows of the file (40 bytes each, a million at most) and, for `clusters`, 8 bytes per pair of the plan.
 */
export async function write(
  context: StageContext,
  unit: RunRef & { readonly table: Table; readonly part: number },
): Promise<UnitResult> {
  const run = await readRunDocument(context, unit);
  const { table, part } = unit;
  const { numNegatives } = run.job.mining;
  const { rows: all, parts } = await tableRows(context, unit.cache, run, table);
  const perFile = rowsPerFile(table, numNegatives);
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
    try {
      const source = await fillTables(connection, context, unit, run);
      if (source.rows !== rows) throw miscounted(uri, source.rows, rows);
      const columns = tableColumns(table, numNegatives);
      const local = join(output.directory, 'file.parquet');
      const file = {
        select: source.select,
        columns,
        compression: run.job.output.compression,
        rowGroupRows: rowGroupRows(source.bytesPerRow),
        path: local,
      };
      context.signal.throwIfAborted();
      await writeParquet(connection, file);
      context.signal.throwIfAborted();
      const bytes = (await stat(local)).size;
      const sha256 = await hashFile(local);
      await store.putFile(local, uri);
      const readBackBy = await verifyParquet(context, connection, { ...file, rows, bytes, uri });
      const figures: WrittenFile = { path, rows, bytes, sha256, readBackBy };
      return { rows, figures: { ...figures } };
    } finally {
      context.signal.removeEventListener('abort', interrupt);
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
