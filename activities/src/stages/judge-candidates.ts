import type { RunRef, UnitResult } from '@quarry/workflows';
import { type ChainRule, chainOf } from '@quarry/workflows/chain';
import { chainBefore, JUDGE_STAGE, type JudgeName, judgedAtMost } from '@quarry/workflows/judges';
import { compileChain, runChain } from '../mining/chain.ts';
import { type AskedPairs, askAbout } from './ask-about-pairs.ts';
import { type FilterShard, readFilterShard } from './filter-shard.ts';
import { judgeKey } from './keys.ts';
import { type RunDocument, readRunDocument } from './run-document.ts';
import type { StageContext } from './stage-context.ts';
import { memoised } from './unit.ts';

type Unit = RunRef & { readonly shard: number };

export const crossEncode = (context: StageContext, unit: Unit): Promise<UnitResult> =>
  judgeCandidates(context, unit, 'cross_encoder');

export const judge = (context: StageContext, unit: Unit): Promise<UnitResult> =>
  judgeCandidates(context, unit, 'judge');

/**
 * Log-odds that a candidate answers the query, for those that the filters before the judge left undecided, the hardest
 * first where the budget does not reach: `scores.npy` (float32 [q, k], NaN not judged). A cross-encoder scores the known
 * positives too: `margins.npy` is the distance from the query's lowest.
 *
 * Memory: as `filter`, 16 bytes per judged pair, 16 per distinct text (the texts lie on disk), 512 pairs of texts; in the
 * worker thread the model and one batch.
 */
async function judgeCandidates(context: StageContext, unit: Unit, name: JudgeName): Promise<UnitResult> {
  const run = await readRunDocument(context, unit);
  return memoised(context, unit, JUDGE_STAGE[name], judgeKey(run, name, unit.shard), async (output) => {
    const planned = run.judges!.find((one) => one.name === name)!;
    const before = chainBefore(chainOf(run.job.mining, run.plan), name);
    const shard = await readFilterShard(context, unit, run, before);
    const asked = undecided(run, shard, before, planned.rows);
    const positives = name === 'cross_encoder' ? positivesOf(shard, asked) : NO_PAIRS;
    const [said, ofPositives] = await askAbout(context, unit, run, planned, output, [asked, positives]);
    const scores = new Float32Array(shard.rows * shard.k).fill(Number.NaN);
    for (const [i, score] of said!.entries()) scores[asked.slots[i]!] = score;
    await output.writeNpy('scores.npy', scores, [shard.rows, shard.k]);
    if (name === 'cross_encoder') {
      const margins = fromLowest(scores, shard, positives, ofPositives!);
      await output.writeNpy('margins.npy', margins, [shard.rows, shard.k]);
    }
    return { rows: asked.slots.length, figures: { judged: asked.slots.length, left: asked.left } };
  });
}

/** Pairs, and the slot of each: its place in the shard's arrays, or its row. */
interface SlottedPairs extends AskedPairs {
  readonly slots: Int32Array;
}

const NO_PAIRS: SlottedPairs = {
  queries: new Int32Array(0),
  documents: new Int32Array(0),
  slots: new Int32Array(0),
};

function pairsOf(rows: readonly (readonly [query: number, document: number, slot: number])[]): SlottedPairs {
  return {
    queries: Int32Array.from(rows, ([query]) => query),
    documents: Int32Array.from(rows, ([, document]) => document),
    slots: Int32Array.from(rows, ([, , slot]) => slot),
  };
}

/** What the filters before leave undecided, by rank as far as the budget reaches; `left`: what it does not reach. */
function undecided(
  { plan }: RunDocument,
  shard: FilterShard,
  before: readonly ChainRule[],
  budget: number | undefined,
): SlottedPairs & { readonly left: number } {
  const chain = compileChain(before);
  const found: [number, number, number][] = [];
  let left = 0;
  for (let row = 0; row < shard.rows; row++) {
    const candidates = shard.candidates(row);
    runChain(chain, candidates);
    let room = judgedAtMost(budget, candidates.query, plan.queries);
    for (let place = 0; place < shard.k; place++) {
      if (candidates.reasons[place] !== 0) continue;
      if (room-- > 0) found.push([candidates.query, candidates.documents[place]!, row * shard.k + place]);
      else left++;
    }
  }
  return { ...pairsOf(found), left };
}

/** The known positives of the queries of which something is judged. */
function positivesOf(shard: FilterShard, { slots }: SlottedPairs): SlottedPairs {
  const rows = [...new Set(Array.from(slots, (slot) => Math.floor(slot / shard.k)))];
  return pairsOf(
    rows.flatMap((row) => {
      const { query, positives } = shard.candidates(row);
      return Array.from(positives, (document) => [query, document, row] as const);
    }),
  );
}

function fromLowest(
  scores: Float32Array,
  { rows, k }: FilterShard,
  { slots }: SlottedPairs,
  positiveScores: Float32Array,
): Float32Array {
  const lowest = new Float32Array(rows).fill(Number.POSITIVE_INFINITY);
  for (const [i, row] of slots.entries()) lowest[row] = Math.min(lowest[row]!, positiveScores[i]!);
  return scores.map((score, slot) => score - lowest[Math.floor(slot / k)]!);
}
