import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { BLOB, DuckDBBlobValue, type DuckDBValue, INTEGER, VARCHAR } from '@duckdb/node-api';
import {
  estimatedTokens,
  ShardCutter,
  type ShardSizing,
  type SideSize,
  shardLimits,
  storedBytes,
} from '@quarry/workflows/partition';
import { type Modality, type Shard, shardFile } from '../stages/run-document.ts';
import type { StageContext } from '../stages/stage-context.ts';
import type { UnitOutput } from '../stages/unit.ts';
import { type DuckDb, openDuckDb, sqlText } from '../tables/duckdb.ts';
import { DuckDbAppender } from '../tables/duckdb-appender.ts';
import { readNumber, streamColumns } from '../tables/duckdb-columns.ts';
import { unpackContent } from './packed-content.ts';
import type { RowContent } from './row-content.ts';
import type { Staging } from './staging.ts';

/** The shards of one side, and hashes over their rows that do not depend on how they are cut. */
export interface WrittenShards {
  readonly rows: number;
  readonly shards: readonly Shard[];
  /** sha256 over content hashes and ids in dense order. */
  readonly fingerprint: string;
  /** What the rows hold; `mixed` where some hold text and some (or the same) images. */
  readonly modality: Modality;
  /** sha256 over the source rows in dense order: which given vector belongs to which row. */
  readonly sourceRows: string;
}

/**
 * Writes one side's rows, in dense order, into one Parquet file per shard.
 *
 * Memory: DuckDB's limit for the keys, the texts of one shard (about 1 MiB; 128 MiB at most in a corpus that 4,000
 * shards of that size hold), one bucket of the spool.
 */
export async function writeShards(
  context: StageContext,
  staging: Staging,
  output: UnitOutput,
  sizing: ShardSizing,
): Promise<WrittenShards> {
  const { side, maxLength } = sizing;
  const table = side === 'query' ? 'queries' : 'documents';
  const contents = side === 'query' ? staging.queryContents : staging.documentContents;
  const size = await sideSize(staging, table, maxLength);
  const modality = await modalityOf(staging, table);
  const cutter = new ShardCutter(shardLimits(sizing, size), maxLength);
  const fingerprint = createHash('sha256');
  const sourceRows = createHash('sha256');
  const shards: Shard[] = [];
  const duckDb = await openDuckDb({ directory: join(output.directory, `${table}.tmp`), threads: 1 });
  let file: ShardFile | null = null;
  let dense = 0;
  let group = 0;
  try {
    const sql = `SELECT seq, id, hash, bytes, image, bucket, "row", grp FROM ${table} ORDER BY ${side}`;
    for await (const { rows, columns } of streamColumns(staging.connection, sql)) {
      context.signal.throwIfAborted();
      context.progress(dense, size.rows);
      const [seqs, ids, hashes, bytes, images, buckets, sources, groups] = columns as unknown as Columns;
      for (let i = 0; i < rows; i++) {
        const firstOfGroup = groups[i] !== group;
        group = groups[i]!;
        if (cutter.startsShard({ text: bytes[i]!, image: images[i]! }, firstOfGroup)) {
          shards.push(await file!.close(dense));
          file = null;
        }
        file ??= await ShardFile.open(
          duckDb,
          side,
          modality !== 'text',
          dense,
          await output.path(shardFile(table, shards.length)),
        );
        const content = unpackContent(await contents.read(buckets[i]!, seqs[i]!));
        file.add(dense++, ids[i]!, content, sources[i]!, hashes[i]!);
      }
      fingerprint.update(hashes.map((hash, i) => `${hash} ${JSON.stringify(ids[i])}\n`).join(''));
      sourceRows.update(`${sources.join('\n')}\n`);
    }
    if (file) shards.push(await file.close(dense));
  } finally {
    duckDb.close();
  }
  return {
    rows: dense,
    shards,
    modality,
    fingerprint: fingerprint.digest('hex'),
    sourceRows: sourceRows.digest('hex'),
  };
}

type Columns = readonly [
  seq: readonly number[],
  id: readonly string[],
  hash: readonly string[],
  bytes: readonly number[],
  image: readonly number[],
  bucket: readonly number[],
  row: readonly number[],
  group: readonly number[],
];

async function sideSize(staging: Staging, table: string, maxLength: number): Promise<SideSize> {
  let [rows, tokens, bytes] = [0, 0, 0];
  for await (const { columns } of streamColumns(
    staging.connection,
    `SELECT bytes, image, count(*)::DOUBLE FROM ${table} GROUP BY ALL`,
  )) {
    const [length, image, count] = columns as [readonly number[], readonly number[], readonly number[]];
    for (const [i, n] of count.entries()) {
      rows += n;
      const row = { text: length[i]!, image: image[i]! };
      tokens += n * estimatedTokens(row, maxLength);
      bytes += n * storedBytes(row);
    }
  }
  return { rows, tokens, bytes };
}

async function modalityOf(staging: Staging, table: string): Promise<Modality> {
  const count = (where: string): Promise<number> =>
    readNumber(staging.connection, `SELECT count(*) FROM ${table} WHERE ${where}`);
  if ((await count('image >= 0')) === 0) return 'text';
  return (await count('image < 0 OR bytes > 0')) === 0 ? 'image' : 'mixed';
}

/** One shard on its way into its file. */
class ShardFile {
  readonly #duckDb: DuckDb;
  readonly #rows: DuckDbAppender;
  readonly #column: string;
  readonly #images: boolean;
  readonly #start: number;
  readonly #path: string;
  readonly #hash = createHash('sha256');

  private constructor(
    duckDb: DuckDb,
    rows: DuckDbAppender,
    column: string,
    images: boolean,
    start: number,
    path: string,
  ) {
    this.#duckDb = duckDb;
    this.#rows = rows;
    this.#column = column;
    this.#images = images;
    this.#start = start;
    this.#path = path;
  }

  static async open(
    duckDb: DuckDb,
    column: string,
    images: boolean,
    start: number,
    path: string,
  ): Promise<ShardFile> {
    const texts = { [column]: INTEGER, id: VARCHAR, text: VARCHAR, row: INTEGER };
    const columns = images ? { ...texts, image: VARCHAR, image_sha256: VARCHAR, image_bytes: BLOB } : texts;
    const rows = await DuckDbAppender.createTable(duckDb.connection, 'shard', columns);
    return new ShardFile(duckDb, rows, column, images, start, path);
  }

  add(dense: number, id: string, { text, image }: RowContent, row: number, hash: string): void {
    const bytes = image?.bytes ? new DuckDBBlobValue(Uint8Array.from(image.bytes)) : null;
    const values: DuckDBValue[] = [dense, id, text, row];
    if (this.#images) values.push(image?.path ?? null, image?.sha256 ?? null, bytes);
    this.#rows.add(...values);
    this.#hash.update(hash, 'hex');
  }

  async close(end: number): Promise<Shard> {
    this.#rows.close();
    const images = this.#images ? ', image, image_sha256, image_bytes' : '';
    await this.#duckDb.connection.run(`
      COPY (SELECT "${this.#column}", id, text, "row"::BIGINT AS "row" ${images} FROM shard ORDER BY "${this.#column}")
      TO ${sqlText(this.#path)} (FORMAT parquet, COMPRESSION snappy)`);
    return { start: this.#start, end, sha256: this.#hash.digest('hex') };
  }
}
