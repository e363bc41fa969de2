import type { DuckDBConnection } from '@duckdb/node-api';
import { QuarryError } from '../failures.ts';
import { streamColumns } from './duckdb-columns.ts';
import { SpooledBytes } from './spooled-bytes.ts';

/** Strings by dense id, in a local file: see {@link SpooledBytes}. */
export class SpooledTexts {
  readonly #entries: SpooledBytes;
  readonly #emptyIsNull: boolean;

  private constructor(entries: SpooledBytes, emptyIsNull: boolean) {
    this.#entries = entries;
    this.#emptyIsNull = emptyIsNull;
  }

  /**
   * Writes the strings that `select` yields as (dense id, string) to the new file `path`.
   *
   * @param ids ascending, without repeats
   * @param emptyIsNull '' stands for a content that is an image alone
   */
  static async spool(
    connection: DuckDBConnection,
    path: string,
    ids: Int32Array,
    select: string | null,
    emptyIsNull = false,
  ): Promise<SpooledTexts> {
    const entries = new SpooledBytes(path, ids);
    if (select !== null) {
      for await (const { columns } of streamColumns(connection, select)) {
        const [found, strings] = columns as unknown as [number[], string[]];
        entries.append(
          found,
          strings.map((text) => Buffer.from(text, 'utf8')),
        );
      }
    }
    return new SpooledTexts(entries, emptyIsNull);
  }

  /** The string of a dense id; a QuarryError `BadArtefact` where the plan has none. */
  get(id: number): string | null {
    const bytes = this.#entries.get(id);
    if (!bytes) throw notInPlan(id);
    return this.#emptyIsNull && bytes.length === 0 ? null : bytes.toString('utf8');
  }

  /** Mean size of a string. */
  get meanBytes(): number {
    return this.#entries.meanBytes;
  }

  close(): void {
    this.#entries.close();
  }
}

export function notInPlan(id: number): QuarryError {
  return new QuarryError(
    'BadArtefact',
    `the plan's tables hold no row with the dense id ${id}; remove the cache`,
  );
}
