import type { Range } from '@quarry/workflows';
import type { OwnedCandidates } from '../mining/owned-candidates.ts';
import { readLocalRows } from './local-npy.ts';
import { RecentlyUsed } from './recently-used.ts';

/** The candidates of one query shard with their owners, in local `.npy` files. */
export interface CandidateFile extends Range {
  /** merge: int32 [q, k] */
  readonly ids: string;
  /** filter: uint8 [q, k] */
  readonly reasons: string;
  /** score-owners: int32 [q * k + 1] */
  readonly ownerOffsets: string;
  /** score-owners: int32 */
  readonly ownerQueries: string;
  /** score-owners: float32 */
  readonly ownerScores: string;
}

/** Candidates per block: few, so that queries in any order cost little. */
const BLOCK_SLOTS = 2048;
/** Blocks held at once, bytes. */
const HELD_BYTES = 128 * 2 ** 20;

/**
 * Owned candidates by query, in blocks of 2,048 candidates (one query where it has more), the last ones of which are held.
 * Memory: 128 MiB, at 9 bytes per candidate and 8 per listed owner.
 */
export class CandidateFiles {
  readonly #k: number;
  readonly #files: readonly CandidateFile[];
  readonly #blockRows: number;
  /** First block of each shard; blocks do not cross shards. */
  readonly #firstBlocks: readonly number[];
  readonly #blocks: RecentlyUsed<OwnedCandidates>;

  /** @param files in the order of the shards */
  constructor(files: readonly CandidateFile[], k: number) {
    this.#k = k;
    this.#files = files;
    this.#blockRows = Math.max(1, Math.floor(BLOCK_SLOTS / k));
    const firstBlocks = [0];
    for (const { start, end } of files) {
      firstBlocks.push(firstBlocks.at(-1)! + Math.ceil((end - start) / this.#blockRows));
    }
    this.#firstBlocks = firstBlocks;
    this.#blocks = new RecentlyUsed(HELD_BYTES, (block) => this.#read(block), bytesOf);
  }

  /** The block that holds the query's candidates. */
  of(query: number): OwnedCandidates {
    const shard = lastAtMost(this.#files.length, (i) => this.#files[i]!.start <= query);
    const row = query - this.#files[shard]!.start;
    return this.#blocks.get(this.#firstBlocks[shard]! + Math.floor(row / this.#blockRows));
  }

  #read(block: number): OwnedCandidates {
    const shard = lastAtMost(this.#files.length, (i) => this.#firstBlocks[i]! <= block);
    const file = this.#files[shard]!;
    const k = this.#k;
    const from = (block - this.#firstBlocks[shard]!) * this.#blockRows;
    const to = Math.min(from + this.#blockRows, file.end - file.start);
    const slots = (to - from) * k;
    const bounds = readLocalRows(file.ownerOffsets, from * k, to * k + 1, new Int32Array(slots + 1));
    const first = bounds[0]!;
    const last = bounds[slots]!;
    return {
      start: file.start + from,
      end: file.start + to,
      k,
      documents: readLocalRows(file.ids, from, to, new Int32Array(slots)),
      reasons: readLocalRows(file.reasons, from, to, new Uint8Array(slots)),
      ownerOffsets: bounds.map((offset) => offset - first),
      owners: {
        queries: readLocalRows(file.ownerQueries, first, last, new Int32Array(last - first)),
        scores: readLocalRows(file.ownerScores, first, last, new Float32Array(last - first)),
      },
    };
  }
}

function bytesOf({ documents, reasons, ownerOffsets, owners }: OwnedCandidates): number {
  const arrays = [documents, reasons, ownerOffsets, owners.queries, owners.scores];
  return arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** The last of `length` places where `holds`, which holds up to some place and not behind it. */
function lastAtMost(length: number, holds: (place: number) => boolean): number {
  let low = 0;
  let high = length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
