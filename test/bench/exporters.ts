import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb } from '@quarry/activities/tables/duckdb';
import { committedRun, runDirectory } from '../unit/exporters/exported-run.ts';
import { watchedCommand } from './watched-command.ts';

const NEGATIVES = 3;
const MILLION = 1_000_000;
/** Queries of the runs on which formats are compared. */
const QUERIES = 300_000;

interface Size {
  readonly queries: number;
  readonly documents: number;
  /** Of a document's text. */
  readonly characters: number;
}

interface Case {
  readonly args: readonly string[];
  /** The file that is compared, and how DuckDB reads and writes the same. */
  readonly file: string;
  readonly read: 'read_json' | 'read_parquet';
  readonly copy: string;
}

const LINES = { file: 'train.jsonl', read: 'read_json', copy: 'FORMAT json' } as const;
const PARQUET = {
  file: '*.parquet',
  read: 'read_parquet',
  copy: 'FORMAT parquet, COMPRESSION snappy',
} as const;
const FLAGEMBEDDING: Case = { args: ['flagembedding'], ...LINES };
const CASES: readonly Case[] = [
  FLAGEMBEDDING,
  { args: ['flagembedding', '--scores'], ...LINES },
  { args: ['tevatron'], ...LINES },
  { args: ['ms-swift'], ...LINES },
  {
    args: ['gen2embed'],
    file: 'default_hard_negatives.json',
    read: 'read_json',
    copy: 'FORMAT json, ARRAY true',
  },
  { args: ['sentence-transformers', '--shape', 'n-tuple', '--scores'], ...PARQUET },
  { args: ['sentence-transformers', '--shape', 'labeled-list'], ...PARQUET },
  { args: ['pylate', '--shape', 'kd'], ...PARQUET, file: 'train/*.parquet' },
];

/**
 * `quarry export` out of a synthetic run's cache against DuckDB's own COPY of a table that holds the finished rows already,
 * one thread each: CPU seconds, rows per CPU second, and the command's peak memory. 300,000 queries with three negatives
 * each in several formats; then ten million (query, positive, negative), with texts that fit into memory and that do not.
 */
export async function benchExporters(): Promise<Record<string, unknown>> {
  const small = await measured({ queries: QUERIES, documents: QUERIES, characters: 200 }, CASES);
  const large = { queries: Math.ceil((10 * MILLION) / NEGATIVES), documents: MILLION };
  return {
    '300,000 queries': small,
    '10 million rows, 200 characters': await measured({ ...large, characters: 200 }, [FLAGEMBEDDING]),
    '10 million rows, 600 characters': await measured({ ...large, characters: 600 }, [FLAGEMBEDDING]),
  };
}

async function measured(size: Size, cases: readonly Case[]): Promise<Record<string, unknown>> {
  const filler = 'says a great deal about “it”, '.repeat(100);
  const made = await committedRun({
    strategy: 'saha',
    queries: size.queries,
    documents: size.documents,
    k: NEGATIVES + 1,
    shardRows: 65_536,
    numNegatives: NEGATIVES,
    tables: ['candidates'],
    keep: () => Array.from({ length: NEGATIVES }, (_, n) => n + 1),
    text: (side, row) => `${side} ${row} ${filler}`.slice(0, side === 'query' ? 60 : size.characters),
  });
  await made.context.pool.close();
  const scratch = await mkdtemp(join(tmpdir(), 'quarry-bench-'));
  const figures: Record<string, unknown> = {};
  for (const one of cases) {
    const to = join(scratch, 'export');
    const args = ['export', runDirectory(made), '--to', to, '--format', ...one.args];
    const { result, ...ours } = await watchedCommand(args, join(scratch, 'home'));
    const theirs = await copied(one, to, scratch);
    figures[one.args.join(' ')] = {
      rows: (result as { files: readonly { rows: number }[] }).files[0]!.rows,
      ...ours,
      copyCpuSeconds: theirs,
      ratio: theirs / ours.cpuSeconds,
    };
    await rm(to, { recursive: true });
  }
  await rm(scratch, { recursive: true });
  await rm(made.directory, { recursive: true });
  return figures;
}

/** CPU seconds of DuckDB's COPY of what was exported, out of a table of its own. */
async function copied({ file, read, copy }: Case, directory: string, scratch: string): Promise<number> {
  const database = await openDuckDb({ directory: join(scratch, 'duckdb'), threads: 1, memoryLimit: '3GB' });
  const { connection } = database;
  const large = read === 'read_json' ? ', maximum_object_size = 100000000' : '';
  await connection.run(`CREATE TABLE rows AS SELECT * FROM ${read}('${join(directory, file)}'${large})`);
  const before = process.cpuUsage();
  await connection.run(`COPY rows TO '${join(scratch, 'copy')}' (${copy})`);
  const { user, system } = process.cpuUsage(before);
  database.close();
  await rm(join(scratch, 'copy'));
  return (user + system) / 1e6;
}
