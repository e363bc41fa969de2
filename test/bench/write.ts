import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { arrange } from '@quarry/activities/stages/arrange';
import { write } from '@quarry/activities/stages/write';
import { openDuckDb } from '@quarry/activities/tables/duckdb';
import { fabricateRun } from '../unit/tables/fabricated-run.ts';

/**
 * The table of candidates of 50,000 queries with 90 candidates each (4.5 million rows, five files), written and read
 * back, against DuckDB's own COPY of a table that holds the same strings already.
 */
export async function benchWrite(): Promise<Record<string, number>> {
  const made = await fabricateRun({
    strategy: 'saha',
    queries: 50_000,
    documents: 100_000,
    k: 90,
    shardRows: 8192,
    tables: ['candidates'],
  });
  const rows = (await arrange(made.context, made.unit))[0]!;
  const ours = await measured(async () => {
    for (let part = 0; part < rows.parts; part++) {
      await write(made.context, { ...made.unit, table: 'candidates', part });
    }
  });
  const directory = await mkdtemp(join(tmpdir(), 'quarry-bench-'));
  const database = await openDuckDb({ directory, threads: made.context.threads, memoryLimit: '2GB' });
  const files = join(made.directory, 'runs', made.run.runId, 'data', 'candidates', '*.parquet');
  await database.connection.run(`CREATE TABLE candidates AS SELECT * FROM read_parquet('${files}')`);
  const theirs = await measured(async () => {
    await database.connection.run(
      `COPY candidates TO '${join(directory, 'all.parquet')}' (FORMAT parquet, COMPRESSION snappy)`,
    );
  });
  database.close();
  await rm(directory, { recursive: true });
  await rm(made.directory, { recursive: true });
  await made.context.pool.close();
  return {
    rows: rows.rows,
    wallSeconds: ours.wall,
    cpuSeconds: ours.cpu,
    rowsPerCpuSecond: Math.round(rows.rows / ours.cpu),
    copyCpuSeconds: theirs.cpu,
    copyRowsPerCpuSecond: Math.round(rows.rows / theirs.cpu),
    ratio: theirs.cpu / ours.cpu,
    peakMegabytes: ours.peak,
  };
}

/** Wall and CPU seconds of this process, and the most resident memory seen while it worked. */
async function measured(work: () => Promise<void>): Promise<{ wall: number; cpu: number; peak: number }> {
  const started = performance.now();
  const before = process.cpuUsage();
  let peak = 0;
  const look = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 20);
  await work();
  clearInterval(look);
  const { user, system } = process.cpuUsage(before);
  return {
    wall: (performance.now() - started) / 1000,
    cpu: (user + system) / 1e6,
    peak: Math.round(peak / 1e6),
  };
}
