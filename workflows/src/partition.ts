import type { Range } from './terms.ts';

/**
 * How the work is cut: shards of queries and documents so that embedding one takes a minute or so, and index parts of
 * shards whose vectors fit in memory. Pure; changes no result, only how much is done and held at once.
 */

/** Tokens that one shard embeds. */
const SHARD_TOKENS = 262_144;
/** Bytes of text in one shard, whatever the model reads of it. */
const SHARD_BYTES = 128 * 2 ** 20;
/** Rows of one shard. */
const SHARD_ROWS = { document: 65_536, query: 16_384 } as const;
/** Shards of one side: more would only lengthen the history. */
const MOST_SHARDS = 4_000;
/** Bytes of float32 vectors in one index part. */
const PART_BYTES = 256 * 2 ** 20;

/** Bytes of text for one token, about. */
const BYTES_PER_TOKEN = 4;
/** Tokens that embedding an image costs, about: as many as `maxPixels` allows by default. */
const TOKENS_PER_IMAGE = 256;

export interface ShardSizing {
  readonly side: 'query' | 'document';
  /** Tokens that the model reads of a text; 0 where vectors are given and texts cost nothing. */
  readonly maxLength: number;
  /** Length of a vector. */
  readonly dimension: number;
  /** The job's own limits. */
  readonly shardRows?: number | undefined;
  readonly partRows?: number | undefined;
}

/** What all rows of one side come to. */
export interface SideSize {
  readonly rows: number;
  /** Sum of {@link estimatedTokens}. */
  readonly tokens: number;
  readonly bytes: number;
}

/** What one shard may hold. */
export interface ShardLimits {
  readonly rows: number;
  readonly tokens: number;
  readonly bytes: number;
}

/** What one row holds, in bytes. */
export interface RowBytes {
  readonly text: number;
  /** Of an image beside the text: 0 where it lies in a file of its own; -1 where there is none. */
  readonly image: number;
}

/** Tokens that embedding a row costs, judged by its text's length; 0 where vectors are given (`maxLength` 0). */
export function estimatedTokens({ text, image }: RowBytes, maxLength: number): number {
  const tokens = Math.min(maxLength, Math.ceil(text / BYTES_PER_TOKEN));
  return image >= 0 && maxLength > 0 ? tokens + TOKENS_PER_IMAGE : tokens;
}

/** An image's bytes lie in one page of the shard's file, of which DuckDB holds about four copies where it writes and reads it. */
const IMAGE_COPIES = 4;

/** Bytes that a row takes of what a shard may hold: of images brought as bytes no more than 32 MiB. */
export function storedBytes({ text, image }: RowBytes): number {
  return text + IMAGE_COPIES * Math.max(0, image);
}

/** Rows at most in a shard: what the plan's key depends on, together with `maxLength`. */
export function shardRowLimit({ side, dimension, shardRows, partRows }: ShardSizing): number {
  const fitting = Math.max(1, Math.floor(PART_BYTES / (4 * dimension)));
  const wanted = shardRows ?? Math.min(SHARD_ROWS[side], fitting);
  return side === 'document' && partRows !== undefined ? Math.min(wanted, partRows) : wanted;
}

/** Limits that cut a side into shards of about equal size, and into no more than 4,000 where the job leaves that open. */
export function shardLimits(sizing: ShardSizing, size: SideSize): ShardLimits {
  const rowLimit = shardRowLimit(sizing);
  const most = sizing.shardRows === undefined ? MOST_SHARDS : Number.POSITIVE_INFINITY;
  const byRows = Math.min(most, Math.ceil(size.rows / rowLimit));
  const byText = Math.min(
    MOST_SHARDS,
    Math.ceil(Math.max(size.tokens / SHARD_TOKENS, size.bytes / SHARD_BYTES)),
  );
  const count = Math.max(1, byRows, byText);
  const even = (total: number): number => Math.max(1, Math.ceil(total / count));
  return byRows >= byText
    ? {
        rows: even(size.rows),
        tokens: Math.max(SHARD_TOKENS, even(size.tokens)),
        bytes: Math.max(SHARD_BYTES, even(size.bytes)),
      }
    : { rows: rowLimit, tokens: even(size.tokens), bytes: even(size.bytes) };
}

/** Cuts rows into shards, one after the other. */
export class ShardCutter {
  readonly #limits: ShardLimits;
  readonly #maxLength: number;
  #rows = 0;
  #tokens = 0;
  #bytes = 0;

  constructor(limits: ShardLimits, maxLength: number) {
    this.#limits = limits;
    this.#maxLength = maxLength;
  }

  /** Takes the next row; true where a shard ends before it: the shard is full, or the row is the first of its group. */
  startsShard(row: RowBytes, firstOfGroup = false): boolean {
    const { rows, tokens, bytes } = this.#limits;
    const full = this.#rows >= rows || this.#tokens >= tokens || this.#bytes >= bytes;
    const ends = this.#rows > 0 && (full || firstOfGroup);
    if (ends) this.#rows = this.#tokens = this.#bytes = 0;
    this.#rows++;
    this.#tokens += estimatedTokens(row, this.#maxLength);
    this.#bytes += storedBytes(row);
    return ends;
  }
}

/**
 * Cuts documents into index parts: consecutive shards whose vectors come to 256 MiB, or the job's `partRows`.
 *
 * @param firstShards the first shard of every group: a part holds documents of one group
 */
export function partition(
  shards: readonly Range[],
  { dimension, partRows }: Pick<ShardSizing, 'dimension' | 'partRows'>,
  firstShards: readonly number[] = [],
): { readonly shards: Range; readonly documents: Range }[] {
  const most = partRows ?? Math.max(1, Math.floor(PART_BYTES / (4 * dimension)));
  const parts: { shards: Range; documents: Range }[] = [];
  for (const [number, { start, end }] of shards.entries()) {
    const last = parts.at(-1);
    if (last && end - last.documents.start <= most && !firstShards.includes(number)) {
      last.shards = { start: last.shards.start, end: number + 1 };
      last.documents = { start: last.documents.start, end };
    } else {
      parts.push({ shards: { start: number, end: number + 1 }, documents: { start, end } });
    }
  }
  return parts;
}
