import type { DuckDBConnection } from '@duckdb/node-api';
import type { Range, RunRef, Table } from '@quarry/workflows';
import { candidateRows, candidates } from '../tables/candidates.ts';
import { clusterRows, clusters } from '../tables/clusters.ts';
import { loadContents } from '../tables/contents.ts';
import { appendDenseRows, type DenseColumns } from '../tables/dense-rows.ts';
import { nTuple, nTupleRows } from '../tables/n-tuple.ts';
import { readNpyRows } from '../tables/npy-rows.ts';
import type { OutputTable } from '../tables/output-table.ts';
import { rowsPerFile, tableColumns } from '../tables/table-schema.ts';
import { triplet, tripletRows } from '../tables/triplet.ts';
import { type ShardRows, shardsOfPart } from './arrangement.ts';
import { clusterKey } from './keys.ts';
import { planRows, readCandidates, readTrainingShard } from './read-verdicts.ts';
import { type RunDocument, shardFile, unitDirectory } from './run-document.ts';
import type { StageContext } from './stage-context.ts';
import { unitFile } from './unit.ts';

/** What a file is written from. */
export interface Source {
  /** SELECT that yields `place` and the table's columns. */
  readonly select: string;
  /** Dense rows loaded. */
  readonly rows: number;
  /** Mean size of a row's strings, from above. */
  readonly bytesPerRow: number;
}

type Unit = RunRef & { readonly table: Table; readonly part: number };

/** Rows of one shard as they go into DuckDB. */
interface Loaded {
  readonly dense: DenseColumns;
  readonly cells?: DenseColumns;
}

/** Brings into DuckDB what one file of one table needs: its dense rows, and the ids and texts that they name. */
export async function fillTables(
  connection: DuckDBConnection,
  context: StageContext,
  unit: Unit,
  run: RunDocument,
): Promise<Source> {
  const table = outputTable(unit.table, run);
  let rows = 0;
  for await (const { dense, cells } of denseRows(context, unit, run)) {
    await appendDenseRows(connection, 'dense', dense, context.signal);
    if (cells) await appendDenseRows(connection, 'cells', cells, context.signal);
    rows += Object.values(dense)[0]!.length;
  }
  const { queries, documents } = table;
  await look(connection, context, unit, run, 'documents', documents, table.documentColumns);
  await look(connection, context, unit, run, 'queries', queries, table.queryColumns);
  context.signal.throwIfAborted();
  await table.prepare?.(connection);
  const strings = tableColumns(unit.table, run.job.mining.numNegatives).filter(
    ({ type }) => type === 'string',
  );
  return { select: table.select, rows, bytesPerRow: strings.length * (await meanBytes(connection, table)) };
}

function outputTable(table: Table, run: RunDocument): OutputTable {
  switch (table) {
    case 'triplet':
      return triplet;
    case 'n-tuple':
      return nTuple(run.job.mining.numNegatives);
    case 'clusters':
      return clusters;
    case 'candidates':
      return candidates;
  }
}

async function* denseRows(context: StageContext, unit: Unit, run: RunDocument): AsyncGenerator<Loaded> {
  const { table, part } = unit;
  const { numNegatives } = run.job.mining;
  if (table === 'clusters') {
    const perFile = rowsPerFile(table, numNegatives);
    const uri = `${unitDirectory(unit.cache, 'cluster', clusterKey(run))}/clusters.npy`;
    const store = context.openStore(uri);
    const members = await readNpyRows<Int32Array>(store, uri, part * perFile, (part + 1) * perFile);
    const pairQuery = await planRows<Int32Array>(context, unit, run, 'pairQuery');
    const pairDocument = await planRows<Int32Array>(context, unit, run, 'pairDocument');
    yield { dense: clusterRows(members.data, pairQuery, pairDocument) };
    return;
  }
  const cut = await shardsOfPart(context, unit, run, table, part);
  // A file without rows still needs its (empty) dense tables.
  const shards: readonly ShardRows[] = cut.length > 0 ? cut : [{ shard: 0, start: 0, end: 0 }];
  let place = 0;
  for (const [i, { shard, start, end }] of shards.entries()) {
    context.signal.throwIfAborted();
    context.progress(i, shards.length);
    if (table === 'candidates') {
      const from = await readCandidates(context, unit, run, shard);
      yield { dense: candidateRows(from, start, end, place) };
    } else {
      const from = await readTrainingShard(context, unit, run, shard);
      yield table === 'triplet'
        ? { dense: tripletRows(from, start, end, place) }
        : nTupleRows(from, numNegatives, start, end, place);
    }
    place += end - start;
  }
}

function look(
  connection: DuckDBConnection,
  context: StageContext,
  unit: Unit,
  run: RunDocument,
  table: 'documents' | 'queries',
  wanted: readonly string[],
  columns: readonly ('id' | 'text')[],
): Promise<void> {
  const shards: readonly Range[] = table === 'documents' ? run.plan.documentShards : run.plan.queryShards;
  const file = (shard: number): Promise<string> =>
    unitFile(context, unit.cache, 'plan', run.planKey, shardFile(table, shard));
  return loadContents(connection, { table, wanted, columns, shards, file });
}

/** Mean bytes of one looked-up content, the larger of documents and queries. */
async function meanBytes(connection: DuckDBConnection, table: OutputTable): Promise<number> {
  const mean = async (name: string, columns: readonly string[]): Promise<number> => {
    const lengths = columns.map((column) => `coalesce(sum(strlen(${column})), 0)`).join(' + ');
    const found = await connection.runAndReadAll(
      `SELECT (${lengths})::DOUBLE, count(*)::DOUBLE FROM ${name}`,
    );
    const [bytes, count] = found.getRows()[0] as [number, number];
    return bytes / Math.max(1, count);
  };
  return Math.max(await mean('documents', table.documentColumns), await mean('queries', table.queryColumns));
}
