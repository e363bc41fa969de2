import type { RunRef, Table } from '@quarry/workflows';
import { candidateRows } from '../tables/candidates.ts';
import { CLUSTER_COLUMNS, clusterRows } from '../tables/clusters.ts';
import type { DenseColumns } from '../tables/dense-rows.ts';
import { nTupleRows } from '../tables/n-tuple.ts';
import { readNpyRows } from '../tables/npy-rows.ts';
import { rowsPerFile } from '../tables/table-schema.ts';
import { tripletRows } from '../tables/triplet.ts';
import { type ShardRows, shardsOfPart, tableShape } from './arrangement.ts';
import { clusterKeys } from './keys.ts';
import { planRows, readCandidates, readTrainingShard } from './read-verdicts.ts';
import { type RunDocument, unitDirectory } from './run-document.ts';
import type { StageContext } from './stage-context.ts';
import { readDone } from './unit.ts';

type Unit = RunRef & { readonly table: Table; readonly part: number };

/** The rows of one file as dense ids and numbers, in order. Memory: twice those rows, and one query shard's arrays. */
export async function denseTable(context: StageContext, unit: Unit, run: RunDocument): Promise<DenseColumns> {
  const { table, part } = unit;
  const { numNegatives } = run.job.mining;
  if (table === 'clusters') return denseClusters(context, unit, run);
  const cut = await shardsOfPart(context, unit, run, table, part);
  // A file without rows has its columns too.
  const shards: readonly ShardRows[] = cut.length > 0 ? cut : [{ shard: 0, start: 0, end: 0 }];
  const pieces: DenseColumns[] = [];
  for (const { shard, start, end } of shards) {
    context.signal.throwIfAborted();
    if (table === 'candidates') {
      pieces.push(candidateRows(await readCandidates(context, unit, run, shard), start, end));
      continue;
    }
    const from = await readTrainingShard(context, unit, run, shard);
    pieces.push(
      table === 'triplet' ? tripletRows(from, start, end) : nTupleRows(from, numNegatives, start, end),
    );
  }
  return concatenated(pieces);
}

async function denseClusters(context: StageContext, unit: Unit, run: RunDocument): Promise<DenseColumns> {
  const perFile = rowsPerFile('clusters', tableShape(run));
  const { topK } = run.job.mining;
  const [from, to] = [unit.part * perFile, (unit.part + 1) * perFile];
  const members = await clusterMembers(context, unit, run, from, to + topK);
  const pairQuery = await planRows<Int32Array>(context, unit, run, 'pairQuery');
  const pairDocument = await planRows<Int32Array>(context, unit, run, 'pairDocument');
  const rows = Math.min(perFile, members.length / CLUSTER_COLUMNS);
  return clusterRows(members, rows, topK, { pairQuery, pairDocument });
}

/** Rows `from` (inclusive) to `to` (exclusive) of all groups' clusters, numbered on from group to group. */
async function clusterMembers(
  context: StageContext,
  { cache }: Unit,
  run: RunDocument,
  from: number,
  to: number,
): Promise<Int32Array> {
  const pieces: Int32Array[] = [];
  let [row, cluster] = [0, 0];
  for (const key of clusterKeys(run)) {
    const { rows, figures } = await readDone(context, cache, 'cluster', key);
    const [start, end] = [Math.max(0, from - row), Math.min(rows, to - row)];
    if (start < end) {
      const uri = `${unitDirectory(cache, 'cluster', key)}/clusters.npy`;
      const { data } = await readNpyRows<Int32Array>(context.openStore(uri), uri, start, end);
      for (let at = 0; at < data.length; at += CLUSTER_COLUMNS) data[at]! += cluster;
      pieces.push(data);
    }
    row += rows;
    cluster += figures.clusters as number;
  }
  const members = new Int32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    members.set(piece, at);
    at += piece.length;
  }
  return members;
}

function concatenated(pieces: readonly DenseColumns[]): DenseColumns {
  if (pieces.length === 1) return pieces[0]!;
  const names = Object.keys(pieces[0]!);
  return Object.fromEntries(
    names.map((name) => {
      const arrays = pieces.map((piece) => piece[name]!);
      const length = arrays.reduce((sum, array) => sum + array.length, 0);
      const all = arrays[0] instanceof Float32Array ? new Float32Array(length) : new Int32Array(length);
      let at = 0;
      for (const array of arrays) {
        all.set(array, at);
        at += array.length;
      }
      return [name, all];
    }),
  );
}
