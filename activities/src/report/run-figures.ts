import type { RunRef, Table } from '@quarry/workflows';
import { QuarryError } from '../failures.ts';
import type { MiningFigures } from '../mining/mining-tally.ts';
import { meanRetrieval, type Retrieval, sumMining, unaccounted } from '../mining/report-figures.ts';
import { addRetrieval, emptyRetrieval, type RetrievalSums } from '../mining/retrieval-metrics.ts';
import { readArrangement, type TableRows, writeKey } from '../stages/arrangement.ts';
import { clusterKeys, filterKey, measureRecallKey, mergeKey } from '../stages/keys.ts';
import { mapConcurrently } from '../stages/map-concurrently.ts';
import type { RunDocument } from '../stages/run-document.ts';
import type { StageContext } from '../stages/stage-context.ts';
import { readDone } from '../stages/unit.ts';
import type { WrittenFile } from '../stages/write.ts';
import type { ClusterReport } from './build-report.ts';
import { type GroupClusters, sumClusters } from './sum-clusters.ts';

/** Units whose figures are read at once. */
const READS = 32;

/** Recall of the candidates against exact search, as `measureRecall` found it. */
export interface RecallFigures {
  readonly recallAtK: number;
  readonly k: number;
  readonly sample: number;
  readonly [figure: string]: unknown;
}

export interface PublishedFile extends WrittenFile {
  readonly table: Table;
}

/** Final verdicts of all queries. Throws where candidates are not kept + dropped. */
export async function readMining(
  context: StageContext,
  { cache }: RunRef,
  run: RunDocument,
): Promise<MiningFigures> {
  if (run.job.mining.strategy === 'saha') {
    const groups = await clusterFigures(context, cache, run);
    return accounted(run, groups.length === 1 ? groups[0]! : sumMining(groups));
  }
  const shards = run.plan.queryShards.length;
  let sums: MiningFigures | undefined;
  for (let start = 0; start < shards; start += READS) {
    context.signal.throwIfAborted();
    const some = Array.from({ length: Math.min(READS, shards - start) }, (_, i) => start + i);
    const units = await mapConcurrently(some, READS, (shard) =>
      readDone(context, cache, 'filter', filterKey(run, shard)),
    );
    const figures = units.map((unit) => unit.figures as unknown as MiningFigures);
    sums = sumMining(sums ? [sums, ...figures] : figures);
  }
  return accounted(run, sums!);
}

/** What the clusters add up to; null where the strategy makes none. */
export async function readClusters(
  context: StageContext,
  { cache }: RunRef,
  run: RunDocument,
): Promise<ClusterReport | null> {
  if (run.job.mining.strategy === 'margin') return null;
  return sumClusters(await clusterFigures(context, cache, run));
}

/** The figures of every group's `cluster`. */
async function clusterFigures(
  context: StageContext,
  cache: string,
  run: RunDocument,
): Promise<readonly GroupClusters[]> {
  const units = await mapConcurrently(clusterKeys(run), READS, (key) =>
    readDone(context, cache, 'cluster', key),
  );
  return units.map(({ figures }) => figures as unknown as GroupClusters);
}

/** How well the positives were retrieved, by group. */
export async function readRetrieval(
  context: StageContext,
  { cache }: RunRef,
  run: RunDocument,
): Promise<Readonly<Record<string, Retrieval>>> {
  const groups: Record<string, RetrievalSums> = {};
  await mapConcurrently([...run.plan.queryShards.keys()], READS, async (shard) => {
    context.signal.throwIfAborted();
    return readDone(context, cache, 'merge', mergeKey(run, shard));
  }).then((units) => {
    for (const { figures } of units) {
      for (const [group, sums] of Object.entries(figures.retrieval as Record<string, RetrievalSums>)) {
        groups[group] ??= emptyRetrieval();
        addRetrieval(groups[group], sums);
      }
    }
  });
  return Object.fromEntries(Object.entries(groups).map(([group, sums]) => [group, meanRetrieval(sums)]));
}

export async function readRecall(
  context: StageContext,
  { cache }: RunRef,
  run: RunDocument,
): Promise<RecallFigures> {
  return (await readDone(context, cache, 'measureRecall', measureRecallKey(run))).figures as RecallFigures;
}

/** Every file of the run's tables, by table and number. */
export async function readFiles(
  context: StageContext,
  { cache }: RunRef,
  run: RunDocument,
): Promise<{ readonly tables: readonly TableRows[]; readonly files: readonly PublishedFile[] }> {
  const tables = await readArrangement(context, cache, run);
  const units = tables.flatMap(({ table, parts }) =>
    Array.from({ length: parts }, (_, part) => ({ table, part })),
  );
  const files = await mapConcurrently(units, READS, async ({ table, part }) => {
    context.signal.throwIfAborted();
    const { figures } = await readDone(context, cache, 'write', writeKey(run, table, part));
    return { table, ...(figures as unknown as WrittenFile) };
  });
  for (const { table, rows } of tables) {
    const written = files.filter((file) => file.table === table).reduce((sum, file) => sum + file.rows, 0);
    if (written !== rows) throw wrong(run, `table ${table} has ${rows} rows, its files ${written}`);
  }
  return { tables, files };
}

/** candidates = kept + dropped. */
function accounted(run: RunDocument, figures: MiningFigures): MiningFigures {
  const lost = unaccounted(figures.funnel);
  if (lost === 0) return figures;
  throw wrong(run, `${figures.funnel.candidates} candidates, but kept + dropped differ by ${lost}`);
}

function wrong(run: RunDocument, what: string): QuarryError {
  return new QuarryError(
    'BadArtefact',
    `${run.runId}: the accounts do not add up: ${what}; the cache holds results of another version: remove it and start the job again`,
  );
}
