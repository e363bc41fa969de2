import type { DuckDBConnection } from '@duckdb/node-api';

/** How one published table is made in DuckDB out of dense rows and the plan's contents. */
export interface OutputTable {
  /** SQL expressions for the dense ids that the rows name, to be looked up among the plan's documents and queries. */
  readonly documents: readonly string[];
  readonly queries: readonly string[];
  /** Columns of the plan's Parquet to look up. */
  readonly documentColumns: readonly ('id' | 'text')[];
  readonly queryColumns: readonly ('id' | 'text')[];
  /** Brings the dense tables together where one SELECT cannot do so in bounded memory. */
  readonly prepare?: (connection: DuckDBConnection) => Promise<void>;
  /** Yields `place` (unique, the total order) and the published columns, out of `dense`, `documents` and `queries`. */
  readonly select: string;
}
