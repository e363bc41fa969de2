import type { RunRef, UnitResult } from '@quarry/workflows';
import { type ChainRule, chainOf, openRule } from '@quarry/workflows/chain';
import { hidePositives, withHiddenPositives } from '../mining/calibrate/hide-positives.ts';
import { measureOf } from '../mining/calibrate/measures.ts';
import { ThresholdSurvey, thresholdFor } from '../mining/calibrate/threshold-survey.ts';
import type { Candidates } from '../mining/candidates.ts';
import { compileChain, runChain } from '../mining/chain.ts';
import { eachQuery, readFilterShard } from './filter-shard.ts';
import { hiddenFeatures } from './hidden-features.ts';
import { surveyKey } from './keys.ts';
import { type RunDocument, readRunDocument } from './run-document.ts';
import type { StageContext } from './stage-context.ts';
import { memoised } from './unit.ts';

/**
 * What each value of the open threshold would leave of one query shard, every other filter having looked: `needed.npy`
 * float32 [q], the strictest threshold that leaves a query what it needs, and sums over a grid of thresholds. Half of the
 * documents are hidden as positives and counted; `hidden.npy` float32 [q, k] is how alike pairs would then be, where the
 * open filter compares those.
 *
 * Memory: what `filter` holds of the shard, 4 bytes per query, and 8 per candidate for what is hidden.
 */
export async function survey(
  context: StageContext,
  unit: RunRef & { readonly shard: number },
): Promise<UnitResult> {
  const run = await readRunDocument(context, unit);
  return memoised(context, unit, 'survey', surveyKey(run, unit.shard), async (output) => {
    const shard = await readFilterShard(context, unit, run);
    const chain = chainOf(run.job.mining, run.plan);
    const open = openRule(chain)!;
    const others = compileChain(withoutWindows(chain).filter((rule) => rule !== open));
    const measure = measureOf(open.name);
    const count = neededOf(run);
    const found = new ThresholdSurvey(run.job.mining.numNegatives);
    const hidden = await hiddenFeatures(context, unit, run, open.name, shard, output);
    const needed = new Float32Array(shard.rows);
    await eachQuery(context, shard, (row) => {
      const candidates = shard.candidates(row);
      const hiding = hidePositives(candidates.positives, run.job.seed);
      runChain(others, candidates);
      const own = passed(candidates, measure);
      needed[row] = thresholdFor(own.measures, count);
      if (!hiding) return found.add(own);
      const seen = withHiddenPositives(candidates, hiding, hidden(row, candidates, hiding));
      runChain(others, seen);
      const { scores, measures, documents } = passed(seen, measure);
      found.add({ scores, measures, hidden: documents.map((document) => hiding.hidden.has(document)) });
    });
    await output.writeNpy('needed.npy', needed);
    return { rows: shard.rows, figures: { ...found.figures() } };
  });
}

/** Windows count what passed the thresholds, so they cannot look before the threshold is known. */
function withoutWindows(chain: readonly ChainRule[]): readonly ChainRule[] {
  return chain.filter((rule) => rule.name !== 'rank_window' || rule.of === 'retrieved');
}

/** Candidates that a query should be left with. */
function neededOf({ job: { mining } }: RunDocument): number {
  const { calibrate, numNegatives } = mining;
  return calibrate && 'keepAtLeast' in calibrate ? calibrate.keepAtLeast : numNegatives;
}

function passed(
  candidates: Candidates,
  measure: (candidates: Candidates, place: number) => number,
): { readonly documents: number[]; readonly scores: number[]; readonly measures: number[] } {
  const documents: number[] = [];
  const scores: number[] = [];
  const measures: number[] = [];
  for (let place = 0; place < candidates.reasons.length; place++) {
    if (candidates.reasons[place] !== 0) continue;
    documents.push(candidates.documents[place]!);
    scores.push(candidates.scores[place]!);
    measures.push(measure(candidates, place));
  }
  return { documents, scores, measures };
}
