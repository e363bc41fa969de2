import type { RunRef, Table } from '@quarry/workflows';
import { imageRootOf } from '../dataset/image-uri.ts';
import { QuarryError } from '../failures.ts';
import { readNpyRows } from '../tables/npy-rows.ts';
import { rowsPerFile, type TableShape } from '../tables/table-schema.ts';
import { clusterKeys, filterKey } from './keys.ts';
import { type RunDocument, unitDirectory } from './run-document.ts';
import type { Dependencies } from './stage-context.ts';
import { STAGE_VERSIONS } from './stage-versions.ts';
import { readDone, unitKey } from './unit.ts';

/** How the rows of the published tables are spread over query shards and files: what `arrange` puts out. */

const ARRANGE_VERSION = 1;

/** Rows of one table. */
export interface TableRows {
  readonly table: Table;
  readonly rows: number;
  /** Files; at least one, so that an empty table has its schema. */
  readonly parts: number;
}

/** URI of the run's directory. */
export function runDirectory(run: RunDocument): string {
  return `${run.job.output.path.replace(/\/+$/, '')}/runs/${run.runId}`;
}

/** The tables a run publishes, in the order of `TABLES`. */
export function runTables({ job }: RunDocument): readonly Table[] {
  const made: Table[] =
    job.mining.strategy !== 'margin'
      ? ['triplet', 'n-tuple', 'clusters', 'candidates']
      : ['triplet', 'n-tuple', 'candidates'];
  return made.filter((table) => job.output.tables?.includes(table) ?? true);
}

export function arrangeKey(run: RunDocument): string {
  const verdicts =
    run.job.mining.strategy === 'saha'
      ? clusterKeys(run)
      : run.plan.queryShards.map((_, shard) => filterKey(run, shard));
  const clusters = run.job.mining.strategy === 'best' ? clusterKeys(run) : [];
  const parameters: unknown[] = [runTables(run), run.job.mining.numNegatives];
  if (run.plan.modality) parameters.push(tableShape(run));
  return unitKey('arrange', ARRANGE_VERSION, parameters, [...verdicts, ...clusters]);
}

export function writeKey(run: RunDocument, table: Table, part: number): string {
  const parameters: unknown[] = [
    run.runId,
    table,
    part,
    run.job.output.compression,
    run.job.mining.numNegatives,
  ];
  // With paths the files say where the images lie.
  if (run.plan.modality) parameters.push(tableShape(run), imageRootOf(run.job.input));
  return unitKey('write', STAGE_VERSIONS.write, parameters, [run.planKey, arrangeKey(run)]);
}

/** What the columns of the run's tables depend on. */
export function tableShape({ job, plan }: RunDocument): TableShape {
  const { modality = { query: 'text', document: 'text' } } = plan;
  return { numNegatives: job.mining.numNegatives, modality, images: job.output.images };
}

export function partsOf(table: Table, rows: number, shape: TableShape): number {
  return Math.max(1, Math.ceil(rows / rowsPerFile(table, shape)));
}

/** What `arrange` found; a QuarryError `BadArtefact` where it has not run. */
export async function readArrangement(
  dependencies: Dependencies,
  cache: string,
  run: RunDocument,
): Promise<readonly TableRows[]> {
  const done = await readDone(dependencies, cache, 'arrange', arrangeKey(run));
  return done.figures.tables as readonly TableRows[];
}

export async function tableRows(
  dependencies: Dependencies,
  cache: string,
  run: RunDocument,
  table: Table,
): Promise<TableRows> {
  const found = (await readArrangement(dependencies, cache, run)).find((entry) => entry.table === table);
  if (found) return found;
  throw new QuarryError(
    'BadArtefact',
    `the run ${run.runId} publishes no table ${table}; start the job again`,
  );
}

/** A query shard whose rows (all, or those from `start` to `end`) belong to a file. */
export interface ShardRows {
  readonly shard: number;
  /** Of the shard's own rows of this table: start inclusive, end exclusive. */
  readonly start: number;
  readonly end: number;
}

/** The query shards that have rows in the file `part`, in order. */
export async function shardsOfPart(
  dependencies: Dependencies,
  { cache }: Pick<RunRef, 'cache'>,
  run: RunDocument,
  table: Table,
  part: number,
): Promise<readonly ShardRows[]> {
  const uri = `${unitDirectory(cache, 'arrange', arrangeKey(run))}/${offsetsFile(table)}`;
  const { data: offsets } = await readNpyRows<Float64Array>(dependencies.openStore(uri), uri);
  return cutShards(offsets, part, rowsPerFile(table, tableShape(run)));
}

/** {@link shardsOfPart} from prefix sums: shard s has the table's rows `offsets[s]` to `offsets[s + 1]`. */
export function cutShards(offsets: Float64Array, part: number, perFile: number): readonly ShardRows[] {
  const from = part * perFile;
  const found: ShardRows[] = [];
  for (let shard = 0; shard + 1 < offsets.length; shard++) {
    const first = offsets[shard]!;
    const start = Math.max(from - first, 0);
    const end = Math.min(from + perFile, offsets[shard + 1]!) - first;
    if (start < end) found.push({ shard, start, end });
  }
  return found;
}

/** float64 [query shards + 1]: prefix sums of the table's rows. */
export function offsetsFile(table: Table): string {
  return `${table}-offsets.npy`;
}
