import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { QuarryError } from '../failures.ts';
import { readNumber, streamColumns } from '../tables/duckdb-columns.ts';
import type { InputFile, InputFiles } from './input-file.ts';
import type { Source, Staging } from './staging.ts';

/** One line of `quarantine.jsonl`, a file of every plan. */
export interface QuarantinedRow {
  /** Relative to the input's directory. */
  readonly file: string;
  /** 1-based line; with Parquet 1-based row. */
  readonly row: number;
  readonly reason: string;
}

/** Where a plan names its bad rows. */
export const QUARANTINE_FILE = 'quarantine.jsonl';

const SHOWN = 10;

/** Bad rows of each input, and all of them written to `path` in the order of the inputs and their rows. */
export async function writeQuarantine(
  connection: DuckDBConnection,
  files: InputFiles,
  path: string,
): Promise<Record<Source, number>> {
  const counts = { documents: 0, queries: 0, pairs: 0, candidates: 0, negatives: 0 };
  const lines = async function* (): AsyncGenerator<string> {
    for await (const bad of badRows(connection)) {
      counts[bad.source]++;
      const row: QuarantinedRow = {
        file: (files[bad.source] ?? files.pairs)?.[bad.file]?.name ?? bad.source,
        row: bad.line,
        reason: bad.reason,
      };
      yield `${JSON.stringify(row)}\n`;
    }
  };
  await pipeline(lines, createWriteStream(path));
  return counts;
}

/**
 * @throws QuarryError BadInput where an input has no row, or a larger share of bad ones than the job allows, with the
 * first ten
 */
export async function refuseBadInput(staging: Staging, files: InputFiles, maxBadRows: number): Promise<void> {
  const sources = Object.entries(files) as [Source, readonly InputFile[]][];
  if (files.pairs && staging.fileRows.negatives > 0) sources.push(['negatives', files.pairs]);
  for (const [source, all] of sources) {
    const where = placeOf(all);
    const rows = staging.fileRows[source];
    if (rows === 0)
      throw new QuarryError('BadInput', `${where} holds no row; expected at least one of ${source}`);
    const bad = await readNumber(
      staging.connection,
      `SELECT count(DISTINCT (file, line)) FROM bad_rows WHERE source = '${source}'`,
    );
    if (bad / rows <= maxBadRows) continue;
    const shown: string[] = [];
    for await (const { file, line, reason } of badRows(staging.connection, source)) {
      if (shown.length < SHOWN) shown.push(`  ${all[file]!.name}:${line}: ${reason}`);
    }
    throw new QuarryError(
      'BadInput',
      [
        `${bad} of ${rows} rows of ${where} (${percent(bad / rows)}) are bad; input.maxBadRows allows ${percent(maxBadRows)}.`,
        `The first ${shown.length}:`,
        ...shown,
        'Mend them, or raise input.maxBadRows.',
      ].join('\n'),
    );
  }
}

async function* badRows(
  connection: DuckDBConnection,
  source?: Source,
): AsyncGenerator<{ source: Source; file: number; line: number; reason: string }> {
  const where = source === undefined ? '' : `WHERE source = '${source}'`;
  const sql = `SELECT source, file, line, reason FROM bad_rows ${where} ORDER BY source, file, line, reason`;
  for await (const { rows, columns } of streamColumns(connection, sql)) {
    const [sources, files, lines, reasons] = columns as [Source[], number[], number[], string[]];
    for (let i = 0; i < rows; i++) {
      yield { source: sources[i]!, file: files[i]!, line: lines[i]!, reason: reasons[i]! };
    }
  }
}

/** One file, or how many. */
function placeOf(files: readonly InputFile[]): string {
  return files.length === 1 ? files[0]!.uri : `${files[0]!.uri} and ${files.length - 1} files more`;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
