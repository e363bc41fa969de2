import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import type { ExportOptions } from '@quarry/activities/exporters/export-options';
import { type Exported, exportRun } from '@quarry/activities/exporters/export-run';
import { EXPORTERS } from '@quarry/activities/exporters/exporters';
import { arrange } from '@quarry/activities/stages/arrange';
import { commit } from '@quarry/activities/stages/commit';
import { write } from '@quarry/activities/stages/write';
import { openStore } from '@quarry/activities/storage/open-store';
import type { Store } from '@quarry/activities/storage/store';
import { type Fabricated, type Fabrication, fabricateRun } from '../tables/fabricated-run.ts';

/** A fabricated run, written and committed. */
export async function committedRun(options: Fabrication = {}): Promise<Fabricated> {
  const made = await fabricateRun(options);
  for (const { table, parts } of await arrange(made.context, made.unit)) {
    for (let part = 0; part < parts; part++) await write(made.context, { ...made.unit, table, part });
  }
  await commit(made.context, made.unit);
  return made;
}

export function runDirectory(made: Fabricated): string {
  return join(made.directory, 'runs', made.run.runId);
}

/** Exports the run to a directory of its own, or to `to` (a path, or an `s3:` URI). */
export async function exported(
  made: Fabricated,
  format: string,
  {
    to,
    cache = true,
    openStore: open = openStore,
    ...options
  }: Partial<ExportOptions> & { to?: string; cache?: boolean; openStore?: (uri: string) => Store } = {},
): Promise<Exported & { readonly to: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'quarry-export-'));
  const target = to ?? join(directory, 'export');
  const exporter = EXPORTERS.find(({ name }) => name === format)!;
  const found = await exportRun({
    runId: made.run.runId,
    directory: `${made.run.job.output.path}/runs/${made.run.runId}`,
    document: cache ? made.run : null,
    cache: made.unit.cache,
    exporter,
    options: { ...options, shape: options.shape ?? exporter.shapes[0] ?? '' },
    to: target.startsWith('s3:') ? target : pathToFileURL(target).href,
    scratch: join(directory, 'scratch'),
    openStore: open,
    signal: new AbortController().signal,
  });
  return { ...found, to: target };
}

export async function jsonl(path: string): Promise<Record<string, unknown>[]> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  return lines.slice(0, -1).map((line) => JSON.parse(line));
}

/** Rows of a Parquet file as JSON values, and its columns with DuckDB's types. */
export async function parquet(
  path: string,
): Promise<{ readonly columns: Record<string, string>; readonly rows: Record<string, unknown>[] }> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const found = await connection.runAndReadAll(`SELECT * FROM read_parquet('${path}')`);
  const types = found.columnTypes().map(String);
  return {
    columns: Object.fromEntries(found.columnNames().map((name, i) => [name, types[i]!])),
    rows: found.getRowObjectsJson() as Record<string, unknown>[],
  };
}
