import { DuckDBBlobValue, type DuckDBConnection } from '@duckdb/node-api';
import type { RunRef, Side } from '@quarry/workflows';
import type { RowImage } from '../dataset/row-content.ts';
import { planDirectory, type RunDocument, shardFile } from '../stages/run-document.ts';
import type { Dependencies } from '../stages/stage-context.ts';
import type { Contents } from '../tables/contents.ts';
import { sqlText } from '../tables/duckdb.ts';
import { SparseParquet } from '../tables/sparse-parquet.ts';

/** The id of a query or a document, its text ('' where there is none) and its image. */
export interface Content {
  readonly id: string;
  readonly text: string;
  readonly image: RowImage | null;
}

/** Where contents are read from, and with what. */
export interface ContentReading extends Pick<Dependencies, 'openStore' | 'scratch'> {
  readonly connection: DuckDBConnection;
  /** Characters of a text; default all. */
  readonly most?: number;
}

/**
 * Contents by dense id, out of the plan's files, of which only the row groups are fetched that hold one of them. Ids that
 * are out of range are left out. Memory: those contents, and one row group.
 */
export async function readContents(
  reading: ContentReading,
  unit: RunRef,
  run: RunDocument,
  side: Contents,
  ids: Iterable<number>,
): Promise<ReadonlyMap<number, Content>> {
  const shards = side === 'documents' ? run.plan.documentShards : run.plan.queryShards;
  const wanted = [...new Set(ids)].sort((a, b) => a - b);
  const found = new Map<number, Content>();
  for (const [shard, { start, end }] of shards.entries()) {
    const here = wanted.filter((id) => id >= start && id < end);
    if (here.length === 0) continue;
    const uri = `${planDirectory(unit, run)}/${shardFile(side, shard)}`;
    const file = await SparseParquet.open(reading.connection, reading.openStore(uri), uri, reading.scratch);
    const key = side === 'documents' ? 'document' : 'query';
    const images = (run.plan.modality?.[key] ?? 'text') !== 'text';
    for (const [id, content] of await rowsOf(reading, file, { key, images }, start, here)) {
      found.set(id, content);
    }
  }
  return found;
}

async function rowsOf(
  { connection, most }: ContentReading,
  file: SparseParquet,
  { key, images }: { readonly key: Side; readonly images: boolean },
  first: number,
  ids: readonly number[],
): Promise<readonly (readonly [number, Content])[]> {
  const rows = ids.map((id) => id - first);
  const groups = file.groups.filter(({ start, end }) => rows.some((row) => row >= start && row < end));
  await file.fetch(groups.map(({ group }) => group));
  const text = most === undefined ? 'text' : `left(text, ${most})`;
  const fields = [key, 'id', text, ...(images ? ['image', 'image_sha256', 'image_bytes'] : [])];
  const selects = groups.map(({ start, end }) => {
    const inside = ids.filter((id) => id - first >= start && id - first < end);
    return `SELECT ${fields.join(', ')} FROM read_parquet(${sqlText(file.path)}, file_row_number = true)
      WHERE file_row_number >= ${start} AND file_row_number < ${end} AND ${key} IN (${inside.join(', ')})`;
  });
  const reader = await connection.runAndReadAll(selects.join(' UNION ALL '));
  return reader.getRows().map(([id, name, content, path, sha256, bytes]) => {
    const image = images && sha256 !== null ? imageOf(path, sha256, bytes) : null;
    return [id as number, { id: String(name), text: String(content ?? ''), image }] as const;
  });
}

function imageOf(path: unknown, sha256: unknown, bytes: unknown): RowImage {
  return {
    path: path === null ? null : String(path),
    sha256: String(sha256),
    bytes: bytes instanceof DuckDBBlobValue ? bytes.bytes : null,
  };
}
