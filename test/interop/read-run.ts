import { runPython } from './python-environment.ts';

/** What Python found of one table. */
export interface PythonTable {
  readonly rows: number;
  readonly columns: Readonly<Record<string, string>>;
  readonly first: unknown;
  readonly last?: unknown;
  /** What the data set card says of it, as `datasets` understands it. */
  readonly card?: {
    readonly rows: number;
    readonly bytes: number;
    readonly download: number;
    readonly columns: Readonly<Record<string, string>>;
  };
  /** Rows as DuckDB counts them. */
  readonly duckdb?: number;
}

/** Runs `read_run.py` and returns what it printed. */
export function readRun(
  python: string,
  reader: 'datasets' | 'arrow-and-duckdb',
  location: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<Record<string, PythonTable>> {
  return runPython(python, 'read_run.py', [reader, location], environment);
}
