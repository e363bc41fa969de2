import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { VARCHAR } from '@duckdb/node-api';
import { mapConcurrently } from '../stages/map-concurrently.ts';
import type { StageContext } from '../stages/stage-context.ts';
import { memoised, readDone, type UnitOutput, unitKey } from '../stages/unit.ts';
import { openDuckDb } from '../tables/duckdb.ts';
import { DuckDbAppender } from '../tables/duckdb-appender.ts';
import { streamColumns } from '../tables/duckdb-columns.ts';
import { imageCells } from './image-cell.ts';
import { imageUri } from './image-uri.ts';
import { readUnpacked } from './input-bytes.ts';
import type { InputFile } from './input-file.ts';
import type { Input } from './input-format.ts';
import { readLines } from './lines.ts';
import { readRows } from './read-rows.ts';
import { BadRow } from './source-row.ts';
import type { Source } from './staging.ts';

/** Image files that are asked for at once. */
const AT_ONCE = 64;
const PATHS_VERSION = 1;
const PATHS_FILE = 'image-paths.jsonl';

/**
 * A hash that changes whenever an image file does that the input names: over size and times (`file:`) or ETags (`s3:`) of
 * all of them, because reading a million images anew for every plan would take hours. Which paths there are is memoised by
 * the content of the input's files, so that a second plan costs one look at each image.
 * '' where the input names none.
 *
 * Memory: DuckDB's limit and 2,048 paths.
 *
 * @param tables what the content of the input's files comes to
 */
export async function imageVersions(
  context: StageContext,
  cache: string,
  { files, images }: Input,
  tables: string,
): Promise<string> {
  if (!images) return '';
  const key = unitKey('plan', PATHS_VERSION, ['image paths', images.fields], [tables]);
  await memoised(context, { cache }, 'plan', key, async (output) => {
    const rows = await writePaths(context, output, files, images.fields);
    return { rows };
  });
  const { files: written } = await readDone(context, cache, 'plan', key);
  const uri = `${cache}/plan/${key}/${PATHS_FILE}`;
  const bytes = written.find(({ name }) => name === PATHS_FILE)!.bytes;
  const versions = createHash('sha256');
  for await (const lines of readLines(readUnpacked(context, { uri, name: PATHS_FILE, bytes }), uri)) {
    const paths = lines.map(({ text }) => JSON.parse(text!) as string);
    const found = await mapConcurrently(paths, AT_ONCE, async (path) => {
      const image = imageUri(images.root, path);
      return image === null ? null : context.openStore(image).version(image);
    });
    for (const [i, path] of paths.entries()) versions.update(`${JSON.stringify([path, found[i]])}\n`);
  }
  return versions.digest('hex');
}

/** Every path of an image file once, in bytewise order, one JSON string per line. */
async function writePaths(
  context: StageContext,
  output: UnitOutput,
  files: Input['files'],
  fields: NonNullable<Input['images']>['fields'],
): Promise<number> {
  const duckDb = await openDuckDb({
    directory: join(output.directory, 'duckdb.tmp'),
    threads: context.threads,
  });
  try {
    const { connection } = duckDb;
    const paths = await DuckDbAppender.createTable(connection, 'paths', { path: VARCHAR });
    for (const [source, names] of Object.entries(fields) as [Source, readonly string[]][]) {
      for (const [number, file] of (files[source] ?? []).entries()) {
        const scratch = join(output.directory, `${source}-${number}.tmp`);
        for await (const path of pathsOf(context, file, names, scratch)) paths.add(path);
      }
    }
    paths.close();
    let rows = 0;
    const lines = async function* (): AsyncGenerator<string> {
      const sql = 'SELECT DISTINCT path FROM paths ORDER BY path';
      for await (const chunk of streamColumns(connection, sql)) {
        rows += chunk.rows;
        yield (chunk.columns[0] as string[]).map((path) => `${JSON.stringify(path)}\n`).join('');
      }
    };
    await pipeline(lines, createWriteStream(await output.path(PATHS_FILE)));
    return rows;
  } finally {
    duckDb.close();
  }
}

async function* pathsOf(
  context: StageContext,
  file: InputFile,
  names: readonly string[],
  directory: string,
): AsyncGenerator<string> {
  for await (const batch of readRows(context, file, names, directory)) {
    for (const { values } of batch) {
      if (values instanceof BadRow) continue;
      for (const name of names) {
        for (const cell of cellsOf(values, name)) if (cell?.path && !cell.bytes) yield cell.path;
      }
    }
  }
}

/** None where the field is bad: the plan will quarantine the row. */
function cellsOf(
  values: Readonly<Record<string, unknown>>,
  name: string,
): ReturnType<typeof imageCells>['cells'] {
  try {
    return imageCells(values, name).cells;
  } catch (error) {
    if (error instanceof BadRow) return [];
    throw error;
  }
}
