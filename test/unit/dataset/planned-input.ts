import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { findInput } from '@quarry/activities/dataset/input-format';
import { type PlanFigures, planInput } from '@quarry/activities/dataset/plan-input';
import { createPool } from '@quarry/activities/pool/pool';
import type { Plan } from '@quarry/activities/stages/run-document';
import type { StageContext } from '@quarry/activities/stages/stage-context';
import { UnitOutput } from '@quarry/activities/stages/unit';
import { openStore } from '@quarry/activities/storage/open-store';
import { decodeNpy } from '@quarry/activities/tables/npy';
import { type JobInput, jobSchema } from '@quarry/workflows/job';
import { onTestFinished } from 'vitest';

/** A directory of its own that goes away with the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'quarry-test-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export function stageContext(scratch: string): StageContext {
  const pool = createPool({ threads: 1 });
  onTestFinished(() => pool.close());
  return {
    openStore,
    scratch,
    pool,
    threads: 2,
    signal: new AbortController().signal,
    progress: () => undefined,
  };
}

export async function writeFiles(
  directory: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(directory, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
}

interface Row {
  readonly dense: number;
  readonly id: string;
  readonly text: string;
  readonly row: number;
  /** Its path and hash, where the side has images. */
  readonly image: { readonly path: string | null; readonly sha256: string; readonly bytes: boolean } | null;
}

export interface PlannedInput {
  readonly plan: Plan;
  readonly figures: PlanFigures;
  readonly documents: readonly Row[];
  readonly queries: readonly Row[];
  /** Pairs as `[query id, document id]` in data-set order. */
  readonly pairs: readonly (readonly [string, string])[];
  readonly quarantine: readonly { file: string; row: number; reason: string }[];
  /** sha256 of every file of the plan, by name. */
  readonly hashes: ReadonlyMap<string, string>;
  array(name: string): number[];
}

export interface PlanOptions {
  readonly shardRows?: number;
  readonly maxLength?: number;
  readonly threads?: number;
}

/** Plans an input in a directory that holds the given files; `path` (and `corpus.path`) relative to it. */
export async function planFiles(
  files: Readonly<Record<string, string | Uint8Array>>,
  input: JobInput['input'],
  options: PlanOptions = {},
): Promise<PlannedInput> {
  const directory = await temporaryDirectory();
  await writeFiles(directory, files);
  const resolve = (path: string): string => pathToFileURL(join(directory, path)).href;
  const corpus = input.corpus && { ...input.corpus, path: resolve(input.corpus.path) };
  const imageRoot = input.imageRoot === undefined ? {} : { imageRoot: resolve(input.imageRoot) };
  return planInputAt(
    { ...input, path: resolve(input.path), ...imageRoot, ...(corpus && { corpus }) },
    options,
  );
}

/** The same for an input whose paths are URIs. */
export async function planInputAt(
  input: JobInput['input'],
  { shardRows, maxLength = 256, threads = 2 }: PlanOptions = {},
): Promise<PlannedInput> {
  const job = jobSchema.parse({ name: 'test', input }).input;
  const scratch = await temporaryDirectory();
  const context = { ...stageContext(scratch), threads };
  const output = new UnitOutput(join(scratch, 'output'));
  const { figures } = await planInput(context, output, {
    job,
    input: await findInput(context, job),
    sizing: (side) => ({ side, maxLength, dimension: 8, shardRows }),
  });
  const bytes = new Map<string, Uint8Array>();
  for (const name of output.names) bytes.set(name, await readFile(join(output.directory, name)));
  const text = (name: string): string => new TextDecoder().decode(bytes.get(name)!);
  const array = (name: string): number[] => Array.from(decodeNpy(bytes.get(name)!, name).data);
  const plan = JSON.parse(text('plan.json')) as Plan;
  const documents = await readRows(output, 'documents');
  const queries = await readRows(output, 'queries');
  const [query, document, place] = ['pair-query.npy', 'pair-document.npy', 'pair-row.npy'].map(array);
  const pairs: [string, string][] = [];
  for (const [i, at] of place!.entries()) pairs[at] = [queries[query![i]!]!.id, documents[document![i]!]!.id];
  const quarantine = text('quarantine.jsonl')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const hashes = new Map(
    [...bytes].map(([name, content]) => [name, createHash('sha256').update(content).digest('hex')]),
  );
  return { plan, figures, documents, queries, pairs, quarantine, hashes, array };
}

async function readRows(output: UnitOutput, table: 'documents' | 'queries'): Promise<Row[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const column = table === 'documents' ? 'document' : 'query';
    const rows: Row[] = [];
    for (const name of output.names.filter((file) => file.startsWith(`${table}/`))) {
      const result = await connection.runAndReadAll(`SELECT * FROM '${join(output.directory, name)}'`);
      for (const values of result.getRowObjects()) {
        const { image_sha256: sha256 = null, image: path, image_bytes: bytes } = values;
        rows.push({
          dense: Number(values[column]),
          id: String(values.id),
          text: String(values.text),
          row: Number(values.row),
          image:
            sha256 === null
              ? null
              : { path: path as string | null, sha256: String(sha256), bytes: bytes !== null },
        });
      }
    }
    return rows;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

export function jsonl(...rows: readonly unknown[]): string {
  return rows.map((row) => `${typeof row === 'string' ? row : JSON.stringify(row)}\n`).join('');
}
