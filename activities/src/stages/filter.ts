import { setImmediate } from 'node:timers/promises';
import type { RunRef, UnitResult } from '@quarry/workflows';
import { candidatesPerQuery } from '@quarry/workflows/candidates-per-query';
import { QuarryError } from '../failures.ts';
import { markIneligible } from '../mining/eligibility.ts';
import { ALL_PAIRS } from '../mining/emitted-pairs.ts';
import { keepByMargin, type MarginRule } from '../mining/margin.ts';
import { countReasons, type MiningFigures, MiningTally } from '../mining/mining-tally.ts';
import type { NpyArray } from '../tables/npy.ts';
import { filterKey, mergeKey } from './keys.ts';
import { type RunDocument, readRunDocument } from './run-document.ts';
import { readShardJudgements, type ShardJudgements } from './shard-pairs.ts';
import type { StageContext } from './stage-context.ts';
import { memoised, readUnitNpy, type UnitOutput } from './unit.ts';

/** Candidates judged between two breaths of the main thread. */
const BREATH_SLOTS = 1 << 16;
/** Places of kept candidates are int16. */
const MOST_CANDIDATES = 0x7fff;

/**
 * Verdicts on the candidates of one query shard. `margin`: the final ones. `saha`: who is not eligible (the query itself,
 * known positives); on the others the owners decide in `cluster`.
 *
 * Memory: 9 bytes per candidate and 20 per pair of the shard, and 2 numNegatives per query.
 */
export async function filter(
  context: StageContext,
  unit: RunRef & { readonly shard: number },
): Promise<UnitResult> {
  const run = await readRunDocument(context, unit);
  return memoised(context, unit, 'filter', filterKey(run, unit.shard), async (output) => {
    const { start, end } = run.plan.queryShards[unit.shard]!;
    const { k } = run.search;
    checkPlaces(k);
    const shard = {
      rows: end - start,
      k,
      documents: await readMerged<Int32Array>(context, unit, run, 'ids.npy'),
      reasons: new Uint8Array((end - start) * k),
      judgements: await readShardJudgements(context, unit, run, run.plan.queryShards[unit.shard]!),
    };
    await eachQuery(context, shard, (row, from) => markRow(shard, row, from));
    const figures =
      run.job.mining.strategy === 'saha'
        ? countReasons(shard.reasons)
        : await judgeByMargin(context, unit, run, shard, output);
    await output.writeNpy('reason.npy', shard.reasons, [shard.rows, k]);
    return { rows: shard.rows, figures: { ...figures } };
  });
}

/** One query shard's candidates, the verdicts on them, and what is known of its queries. */
interface Shard {
  readonly rows: number;
  readonly k: number;
  readonly documents: Int32Array;
  readonly reasons: Uint8Array;
  readonly judgements: ShardJudgements;
}

function markRow({ k, documents, reasons, judgements }: Shard, row: number, from: number): void {
  const pairs = { queryPairs: judgements.offsets, pairDocument: judgements.documents };
  const self = judgements.self.subarray(row * 2, row * 2 + 2);
  markIneligible(pairs, row, documents.subarray(from, from + k), self, reasons.subarray(from, from + k));
}

async function judgeByMargin(
  context: StageContext,
  unit: RunRef & { readonly shard: number },
  run: RunDocument,
  shard: Shard,
  output: UnitOutput,
): Promise<MiningFigures> {
  const { rows, k, documents, reasons, judgements } = shard;
  const rule = marginRule(run);
  const scores = await readMerged<Float32Array>(context, unit, run, 'scores.npy');
  const positiveScores = await readMerged<Float32Array>(context, unit, run, 'positive-scores.npy');
  const kept = new Int16Array(rows * rule.numNegatives).fill(-1);
  const tally = new MiningTally(rule.numNegatives);
  const firstQuery = run.plan.queryShards[unit.shard]!.start;
  await eachQuery(context, shard, (row, from) => {
    const candidates = {
      query: firstQuery + row,
      documents: documents.subarray(from, from + k),
      scores: scores.subarray(from, from + k),
      reasons: reasons.subarray(from, from + k),
      positiveScores: positiveScores.subarray(judgements.offsets[row], judgements.offsets[row + 1]),
    };
    const places = keepByMargin(rule, candidates);
    kept.set(places, row * rule.numNegatives);
    tally.add({ ...candidates, kept: places.length, pair: ALL_PAIRS });
  });
  await output.writeNpy('kept.npy', kept, [rows, rule.numNegatives]);
  await output.writeNpy('pair.npy', new Int32Array(rows).fill(ALL_PAIRS));
  return tally.figures();
}

/** The job's parameters, with the rank window that retrieval was planned for. */
function marginRule({ job, plan }: RunDocument): MarginRule {
  const { maxPositives, documents } = plan;
  const { rangeMax } = candidatesPerQuery(job.mining, { maxPositives, documents });
  return { ...job.mining, rangeMax, depth: rangeMax + maxPositives, seed: job.seed };
}

/** Calls `judge` for every row, `from` being its first slot, and lets the main thread breathe now and then. */
async function eachQuery(
  { signal, progress }: StageContext,
  { rows, k }: Shard,
  judge: (row: number, from: number) => void,
): Promise<void> {
  const breath = Math.max(1, Math.floor(BREATH_SLOTS / k));
  for (let row = 0; row < rows; row++) {
    judge(row, row * k);
    if (row % breath !== breath - 1) continue;
    progress(row + 1, rows);
    await setImmediate();
    signal.throwIfAborted();
  }
}

async function readMerged<A extends NpyArray>(
  context: StageContext,
  { cache, shard }: RunRef & { readonly shard: number },
  run: RunDocument,
  name: string,
): Promise<A> {
  return (await readUnitNpy<A>(context, cache, 'merge', mergeKey(run, shard), name)).data;
}

function checkPlaces(k: number): void {
  if (k <= MOST_CANDIDATES) return;
  throw new QuarryError(
    'BadJob',
    `${k} candidates per query are more than the ${MOST_CANDIDATES} that fit; lower mining.topK or mining.poolMultiplier (saha), or mining.rangeMax or mining.numNegatives (margin)`,
  );
}
