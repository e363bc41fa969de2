import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { ExportTarget } from './export-target.ts';
import { type Json, JsonFile } from './json-file.ts';
import { writeDocument } from './text-files.ts';

const LINES_PER_SHARD = 100_000;

/**
 * The shards of contrastors and their index. Lines go to local files, which are packed at the end (gzip with no clock in it).
 * Memory: two open files.
 */
export class ContrastorsShards {
  readonly #scratch: string;
  readonly #target: ExportTarget;
  readonly #at: string;
  readonly #offsets: JsonFile;
  readonly #lines: number[] = [];
  #shard: JsonFile | undefined;

  /** @param at where the directory will lie when it is read */
  constructor(scratch: string, target: ExportTarget, at: string) {
    this.#scratch = scratch;
    this.#target = target;
    this.#at = at;
    this.#offsets = new JsonFile(join(scratch, 'offsets.json'));
    this.#offsets.text('{');
  }

  write(row: Json): void {
    if (!this.#shard || this.#lines.at(-1) === LINES_PER_SHARD) this.#next();
    const line = this.#lines[this.#lines.length - 1]!;
    const start = this.#shard!.bytes;
    const end = start + this.#shard!.json(row);
    this.#offsets.text(`${line === 0 ? '' : ','}"${line}":[${start},${end}]`);
    this.#lines[this.#lines.length - 1]!++;
  }

  close(): void {
    this.#shard?.close();
    this.#offsets.text(this.#lines.length > 0 ? '}}' : '}');
    this.#offsets.close();
  }

  abandon(): void {
    this.#shard?.abandon();
    this.#offsets.abandon();
  }

  /** Packs what was written into the target. */
  async pack(signal: AbortSignal): Promise<void> {
    const pack = async (from: string, name: string): Promise<void> => {
      signal.throwIfAborted();
      const local = join(this.#scratch, from);
      await pipeline(createReadStream(local), createGzip(), createWriteStream(await this.#target.path(name)));
      await rm(local);
    };
    for (const [shard, lines] of this.#lines.entries()) {
      await pack(shardName(shard).replace('.gz', ''), shardName(shard));
      this.#target.count(shardName(shard), lines);
    }
    await pack('offsets.json', 'offsets.json.gz');
    const total_count = this.#lines.reduce((sum, lines) => sum + lines, 0);
    this.#target.count('offsets.json.gz', total_count);
    const count_per_file = Object.fromEntries(this.#lines.map((lines, shard) => [this.#key(shard), lines]));
    await writeDocument(this.#target, 'counts.json', { total_count, count_per_file });
  }

  #next(): void {
    this.#shard?.close();
    const shard = this.#lines.push(0) - 1;
    this.#shard = new JsonFile(join(this.#scratch, shardName(shard).replace('.gz', '')));
    this.#offsets.text(`${shard === 0 ? '' : '},'}\n${JSON.stringify(this.#key(shard))}:{`);
  }

  /** The name that the loader looks a shard up by: four parts of an address of six or more, else three. */
  #key(shard: number): string {
    const parts = `${this.#at.replace(/\/+$/, '')}/${shardName(shard)}`.split('/');
    return parts.slice(parts.length >= 6 ? -4 : -3).join('/');
  }
}

function shardName(shard: number): string {
  return `shard-${String(shard).padStart(5, '0')}.jsonl.gz`;
}
