import { stat } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Table } from '@quarry/workflows';
import { QuarryError } from '../../failures.ts';
import type { Manifest } from '../../report/manifest.ts';
import { mapConcurrently } from '../../stages/map-concurrently.ts';
import { hashFile } from '../../stages/unit.ts';
import { sqlText } from '../../tables/duckdb.ts';
import type { ExportRequest } from '../export-run.ts';
import type { SourceFile } from './export-source.ts';

/** Files whose sizes are asked for at once. */
const CHECKS = 32;

/** Every published file stands where the manifest says, with its size; a QuarryError `BadArtefact` otherwise. */
export async function checkSizes(
  { directory, openStore }: ExportRequest,
  { files }: Manifest,
): Promise<void> {
  await mapConcurrently(files, CHECKS, async ({ path, bytes }) => {
    const uri = `${directory}/${path}`;
    const size = await openStore(uri).size(uri);
    if (size === null) throw changed(uri, 'is not there');
    if (size !== bytes) throw changed(uri, `has ${size} bytes, and the manifest says ${bytes}`);
  });
}

/**
 * Makes a view of every table that is needed, and of the `welcome` ones where the run published them, after comparing the
 * sha256 of its files with the manifest.
 */
export async function openTables(
  connection: DuckDBConnection,
  request: ExportRequest,
  manifest: Manifest,
  needed: readonly Table[],
  welcome: readonly Table[] = [],
): Promise<ReadonlyMap<Table, readonly SourceFile[]>> {
  const opened = new Map<Table, readonly SourceFile[]>();
  for (const table of new Set<Table>([...needed, ...welcome])) {
    const published = manifest.files.filter(({ path }) => path.startsWith(`data/${table}/`));
    if (published.length === 0) {
      if (needed.includes(table)) throw missing(request, table);
      continue;
    }
    const files = [];
    for (const file of published) files.push(await checkedFile(request, file));
    const locals = files.map(({ local }) => sqlText(local)).join(', ');
    await connection.run(`CREATE VIEW "${table}" AS SELECT * FROM read_parquet([${locals}])`);
    opened.set(table, files);
  }
  return opened;
}

async function checkedFile(
  { directory, openStore, scratch, signal }: ExportRequest,
  { path, rows, bytes, sha256 }: Manifest['files'][number],
): Promise<SourceFile> {
  signal.throwIfAborted();
  const uri = `${directory}/${path}`;
  const local = await openStore(uri).localCopy(uri, scratch);
  const found = (await stat(local)).size === bytes ? await hashFile(local) : 'of another size';
  if (found !== sha256) throw changed(uri, `has sha256 ${found}, and the manifest says ${sha256}`);
  return { path, rows, local };
}

function missing({ exporter, runId }: ExportRequest, table: Table): QuarryError {
  const add =
    table === 'clusters'
      ? 'mine with mining.strategy: saha and with clusters in output.tables'
      : `add ${table} to output.tables and run the job again: only writing is left to do`;
  return new QuarryError(
    'BadJob',
    `${exporter.name} is made from the table ${table}, which ${runId} has not; ${add}`,
  );
}

function changed(uri: string, how: string): QuarryError {
  return new QuarryError(
    'BadArtefact',
    `${uri} ${how}: it was changed after the run was committed; put it back, or remove the run's directory and run the job again`,
  );
}
