import type { RunRef, Table, TableParts } from '@quarry/workflows';
import type { TableRows as ShardTableRows } from '../mining/mining-tally.ts';
import {
  arrangeKey,
  offsetsFile,
  partsOf,
  readArrangement,
  runTables,
  type TableRows,
  tableShape,
} from './arrangement.ts';
import { clusterKeys, filterKey } from './keys.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { type RunDocument, readRunDocument } from './run-document.ts';
import type { StageContext } from './stage-context.ts';
import { type Done, memoised, readDone } from './unit.ts';

/** Units whose figures are read at once. */
const READS = 32;

/**
 * Rows and files of every table that the run publishes. They follow from the verdicts alone: a file begins where the one
 * before it is full, wherever the query shards are cut.
 *
 * Memory: the figures of 32 units, and 32 bytes per query shard.
 */
export async function arrange(context: StageContext, unit: RunRef): Promise<readonly TableParts[]> {
  const run = await readRunDocument(context, unit);
  await memoised(context, unit, 'arrange', arrangeKey(run), async (output) => {
    const shards = await rowsOfShards(context, unit, run);
    const tables: TableRows[] = [];
    for (const table of runTables(run)) {
      let rows = table === 'clusters' ? await clusterMembers(context, unit, run) : 0;
      if (table !== 'clusters') {
        const offsets = new Float64Array(shards.length + 1);
        for (const [shard, counts] of shards.entries()) offsets[shard + 1] = offsets[shard]! + counts[table];
        rows = offsets[shards.length]!;
        await output.writeNpy(offsetsFile(table), offsets);
      }
      tables.push({ table, rows, parts: partsOf(table, rows, tableShape(run)) });
    }
    return { rows: tables.reduce((sum, { rows }) => sum + rows, 0), figures: { tables } };
  });
  return readArrangement(context, unit.cache, run);
}

async function rowsOfShards(
  context: StageContext,
  unit: RunRef,
  run: RunDocument,
): Promise<readonly Record<Exclude<Table, 'clusters'>, number>[]> {
  if (run.job.mining.strategy === 'saha') {
    const groups = await clusterUnits(context, unit, run);
    return groups.flatMap(({ figures }) => figures.shards as readonly ShardTableRows[]);
  }
  return mapConcurrently([...run.plan.queryShards.keys()], READS, async (shard) => {
    context.signal.throwIfAborted();
    context.progress(shard, run.plan.queryShards.length);
    const { figures } = await readDone(context, unit.cache, 'filter', filterKey(run, shard));
    return figures.rows as ShardTableRows;
  });
}

async function clusterMembers(context: StageContext, unit: RunRef, run: RunDocument): Promise<number> {
  const groups = await clusterUnits(context, unit, run);
  return groups.reduce((sum, { rows }) => sum + rows, 0);
}

function clusterUnits(context: StageContext, unit: RunRef, run: RunDocument): Promise<readonly Done[]> {
  return mapConcurrently(clusterKeys(run), READS, (key) => readDone(context, unit.cache, 'cluster', key));
}
