import { imageRootOf } from '@quarry/activities/dataset/image-uri';
import type { RowImage } from '@quarry/activities/dataset/row-content';
import { QuarryError } from '@quarry/activities/failures';
import type { Content as CachedContent, ContentReading } from '@quarry/activities/inspection/read-contents';
import { drawThumbnails } from '@quarry/activities/inspection/thumbnails';
import type { Pool } from '@quarry/activities/pool/pool';
import { openStore } from '@quarry/activities/storage/open-store';
import { type DuckDb, openDuckDb } from '@quarry/activities/tables/duckdb';
import { ParquetTable, type RowPlace } from '@quarry/activities/tables/parquet-table';
import { CommandError } from '../command-error.ts';
import { type CachedQuery, readCachedQuery } from './cached-query.ts';
import type { Content, Inspected, InspectedCandidate } from './inspected.ts';
import type { OpenRun } from './open-run.ts';
import { drawQueries } from './query-draw.ts';

type Row = Record<string, unknown> & RowPlace;

/**
 * Reads what a run says of its queries, by ranged reads: of a run in S3 no table is fetched as a whole. Memory: DuckDB's
 * limit, the footers of the tables, and the rows of one query.
 */
export class RunReader {
  readonly #run: OpenRun;
  readonly #duckdb: DuckDb;
  readonly #reading: ContentReading;
  readonly #candidates: ParquetTable;
  #clusters: ParquetTable | null = null;
  /** The cache no longer holds the run. */
  #cleared = false;
  /** Images of the query that was read last, by what stands for them. */
  #images: ReadonlyMap<string, RowImage> = new Map();

  private constructor(run: OpenRun, duckdb: DuckDb, scratch: string, candidates: ParquetTable) {
    this.#run = run;
    this.#duckdb = duckdb;
    this.#reading = { openStore, scratch, connection: duckdb.connection };
    this.#candidates = candidates;
  }

  /** Opens the tables. Throws a CommandError where the run published no `candidates`. */
  static async open(run: OpenRun, scratch: string): Promise<RunReader> {
    const uris = filesOf(run, 'candidates');
    if (uris.length === 0)
      throw new CommandError(
        2,
        `${run.runId} was mined without the table candidates, in which every verdict lies; add it to output.tables and run the job again: only writing is left to do`,
      );
    const duckdb = await openDuckDb({ directory: scratch });
    try {
      const candidates = await ParquetTable.open(duckdb.connection, openStore, uris, scratch);
      return new RunReader(run, duckdb, scratch, candidates);
    } catch (error) {
      duckdb.close();
      throw error;
    }
  }

  close(): void {
    this.#duckdb.close();
  }

  /** Whether texts of documents can be shown. */
  get hasTexts(): boolean {
    return this.#run.document !== null && !this.#cleared;
  }

  /** Query ids in an order that is random but always the same, those that keep a negative first. */
  draw(count: number, reason?: string): Promise<readonly string[]> {
    return drawQueries(this.#duckdb.connection, this.#candidates, count, reason);
  }

  /** A query with everything that became of its candidates; null where the run has no such query. */
  async read(id: string, suspect?: string): Promise<Inspected | null> {
    const rows = await this.#candidates.rowsWith('query_id', id);
    if (rows.length === 0) return null;
    const cached = await this.#cached(id, rows[0]!.row);
    this.#images = new Map(
      [...(cached?.queries.values() ?? []), ...(cached?.documents.values() ?? [])].flatMap((content) =>
        content.image ? [[imageName(content, content.image), content.image] as const] : [],
      ),
    );
    return cached ? fromCache(rows, cached, suspect) : this.#fromTables(id, rows, suspect);
  }

  /** Thumbnails for the query that was read last, by what stands for its images. */
  async thumbnails(pool: Pool): Promise<ReadonlyMap<string, string>> {
    const { document } = this.#run;
    if (!document || this.#images.size === 0) return new Map();
    const { signal } = new AbortController();
    const root = imageRootOf(document.job.input);
    const drawn = await drawThumbnails({ openStore, pool, signal }, root, [...this.#images.values()]);
    return new Map(
      [...this.#images].flatMap(([name, { sha256 }]) => {
        const thumbnail = drawn.get(sha256);
        return thumbnail === undefined ? [] : [[name, thumbnail] as const];
      }),
    );
  }

  async #cached(id: string, row: number): Promise<CachedQuery | null> {
    const { document, cache, runId } = this.#run;
    if (!document || this.#cleared) return null;
    try {
      return await readCachedQuery(this.#reading, { cache, run: runId }, document, id, row);
    } catch (error) {
      if (!(error instanceof QuarryError && error.code === 'BadArtefact')) throw error;
      this.#cleared = true;
      return null;
    }
  }

  /** Without the cache: texts as far as `clusters` holds them, else ids alone. */
  async #fromTables(id: string, rows: readonly Row[], suspect: string | undefined): Promise<Inspected> {
    const { connection, scratch } = this.#reading;
    const uris = filesOf(this.#run, 'clusters');
    this.#clusters ??= await ParquetTable.open(connection, openStore, uris, scratch);
    const pairs = await this.#clusters.rowsWith('query_id', id);
    const positives = new Map(pairs.map((pair) => [String(pair.positive_id), String(pair.positive)]));
    const bare = (value: unknown) => ({ id: String(value), text: null });
    return {
      query: { id, text: pairs[0] ? String(pairs[0].query) : null },
      positives: [...positives].map(([positive, text]) => ({ id: positive, text, score: null })),
      candidates: rows.map((row) => ({
        ...figuresOf(row, suspect),
        document: bare(row.document_id),
        owner: row.owner_query_id === null ? null : bare(row.owner_query_id),
      })),
    };
  }
}

/** Without an image's bytes, which a terminal cannot show. */
function plain(content: CachedContent): Content {
  const { id, text, image } = content;
  return { id, text, ...(image && { image: imageName(content, image) }) };
}

/** The path of an image; where the input brought bytes alone, the id tells whose it is. */
function imageName({ id }: CachedContent, { path }: RowImage): string {
  return path ?? `image of ${id}`;
}

function fromCache(rows: readonly Row[], cached: CachedQuery, suspect: string | undefined): Inspected {
  const { verdicts, queries, documents } = cached;
  const shown = (content: CachedContent | undefined, id: unknown): Content =>
    content ? plain(content) : { id: String(id), text: null };
  const byRank = new Map(verdicts.candidates.map((candidate) => [candidate.rank, candidate]));
  return {
    query: plain(queries.get(verdicts.query)!),
    positives: verdicts.positives.map(({ document, score }) => ({
      ...plain(documents.get(document)!),
      score,
    })),
    candidates: rows.map((row) => {
      const dense = byRank.get(Number(row.rank));
      return {
        ...figuresOf(row, suspect),
        document: shown(dense && documents.get(dense.document), row.document_id),
        owner:
          row.owner_query_id === null ? null : shown(queries.get(dense?.owner ?? -1), row.owner_query_id),
      };
    }),
  };
}

function figuresOf(row: Row, suspect: string | undefined): Omit<InspectedCandidate, 'document' | 'owner'> {
  const kept = row.verdict === 'kept';
  return {
    rank: Number(row.rank),
    score: Number(row.score),
    ownerScore: row.owner_score === null ? null : Number(row.owner_score),
    kept,
    reason: row.reason === null ? null : String(row.reason),
    suspect: kept && row.document_id === suspect,
  };
}

function filesOf({ files, directory }: OpenRun, table: string): readonly string[] {
  return files.filter((path) => path.startsWith(`data/${table}/`)).map((path) => `${directory}/${path}`);
}
