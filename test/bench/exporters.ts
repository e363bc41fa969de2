import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb } from '@quarry/activities/tables/duckdb';
import { committedRun, runDirectory } from '../unit/exporters/exported-run.ts';
import { watchedCommand } from './watched-command.ts';

const NEGATIVES = 3;
const MILLION = 1_000_000;
/** Documents of the runs on which formats are compared, and their queries: twice, to see whether memory grows with them. */
const DOCUMENTS = 500_000;
const QUERIES = [MILLION, 2 * MILLION] as const;
/** Distinct words of the synthetic texts. */
const WORDS = 5_000;

interface Size {
  readonly queries: number;
  readonly documents: number;
  /** Of a document's text. */
  readonly characters: number;
}

interface Case {
  readonly args: readonly string[];
  /** The files that are compared, those of each table by themselves, and how DuckDB reads and writes the same. */
  readonly files: readonly string[];
  readonly read: 'read_json' | 'read_parquet';
  readonly copy: string;
}

const LINES = { files: ['train.jsonl'], read: 'read_json', copy: 'FORMAT json' } as const;
const PARQUET = {
  files: ['*.parquet'],
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
    files: ['default_hard_negatives.json'],
    read: 'read_json',
    copy: 'FORMAT json, ARRAY true',
  },
  { args: ['sentence-transformers', '--shape', 'n-tuple', '--scores'], ...PARQUET },
  { args: ['sentence-transformers', '--shape', 'labeled-list'], ...PARQUET },
  {
    args: ['pylate', '--shape', 'kd'],
    ...PARQUET,
    files: ['train/*.parquet', 'queries/*.parquet', 'documents/*.parquet'],
  },
];

/**
 * `quarry export` out of a synthetic run's cache against DuckDB's own COPY of tables that hold the finished rows already,
 * one thread each and one after the other, so that both see the same machine: CPU seconds, their ratio (more is better; start-up
 * is in ours), and the command's peak memory. A million and two million queries with two or three negatives each in several
 * formats; then ten million (query, positive, negative), with texts that fit into memory and that do not.
 */
export async function benchExporters(): Promise<Record<string, unknown>> {
  const compared: Record<string, unknown> = {};
  for (const queries of QUERIES)
    compared[`${queries} queries`] = await measured(
      { queries, documents: DOCUMENTS, characters: 200 },
      CASES,
    );
  const large = { queries: Math.ceil((10 * MILLION) / NEGATIVES), documents: MILLION };
  return {
    ...compared,
    '10 million rows, 200 characters': await measured({ ...large, characters: 200 }, [FLAGEMBEDDING]),
    '10 million rows, 600 characters': await measured({ ...large, characters: 600 }, [FLAGEMBEDDING]),
  };
}

async function measured(size: Size, cases: readonly Case[]): Promise<Record<string, unknown>> {
  const made = await committedRun({
    strategy: 'saha',
    queries: size.queries,
    documents: size.documents,
    k: NEGATIVES + 1,
    shardRows: 65_536,
    numNegatives: NEGATIVES,
    tables: ['candidates'],
    keep: () => Array.from({ length: NEGATIVES }, (_, n) => n + 1),
    text: (side, row) => prose(side, row, side === 'query' ? 60 : size.characters),
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

/** Words in unequal shares, about as compressible as a language; the same for the same row. */
function prose(side: string, row: number, characters: number): string {
  let state = (Math.imul(row, 2246822519) + side.length) >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  let text = `${side} ${row}`;
  while (text.length < characters) {
    const word = Math.floor(WORDS * next() ** 3);
    text += ` ${(word * 7919 + 1296).toString(36)}`;
  }
  return text.slice(0, characters);
}

/** CPU seconds of DuckDB's COPY of what was exported, out of tables of its own. */
async function copied({ files, read, copy }: Case, directory: string, scratch: string): Promise<number> {
  const database = await openDuckDb({ directory: join(scratch, 'duckdb'), threads: 1, memoryLimit: '3GB' });
  const { connection } = database;
  const large = read === 'read_json' ? ', maximum_object_size = 100000000' : '';
  let seconds = 0;
  for (const file of files) {
    await connection.run(
      `CREATE OR REPLACE TABLE rows AS SELECT * FROM ${read}('${join(directory, file)}'${large})`,
    );
    const before = process.cpuUsage();
    await connection.run(`COPY rows TO '${join(scratch, 'copy')}' (${copy})`);
    const { user, system } = process.cpuUsage(before);
    seconds += (user + system) / 1e6;
    await rm(join(scratch, 'copy'));
  }
  database.close();
  return seconds;
}
