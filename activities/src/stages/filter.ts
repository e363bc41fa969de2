import type { Funnel, RunRef, UnitResult } from '@quarry/workflows';
import { QuarryError } from '../failures.ts';
import { compileChain, runChain } from '../mining/chain.ts';
import { ALL_PAIRS } from '../mining/emitted-pairs.ts';
import type { Filter } from '../mining/filters/filter.ts';
import { keepNegatives } from '../mining/keep-negatives.ts';
import { countReasons, type MiningFigures, MiningTally } from '../mining/mining-tally.ts';
import { readChain } from './calibrate.ts';
import { eachQuery, type FilterShard, readFilterShard } from './filter-shard.ts';
import { filterKey } from './keys.ts';
import { type RunDocument, readRunDocument } from './run-document.ts';
import type { StageContext } from './stage-context.ts';
import { memoised, type UnitOutput } from './unit.ts';

/** Places of kept candidates are int16. */
const MOST_CANDIDATES = 0x7fff;

/**
 * Verdicts on the candidates of one query shard, by the chain of the job. `margin` and `best`: the final ones. `saha`: who
 * is not eligible for a cluster; on the others the owners decide in `cluster`. `best` also puts out who passed the chain
 * (`eligible.npy`), because clusters are formed of those.
 *
 * Memory: 10 bytes per candidate, 4 per candidate and feature, 20 per pair of the shard, 2 numNegatives per query; with
 * owners 8 bytes per owner listed.
 */
export async function filter(
  context: StageContext,
  unit: RunRef & { readonly shard: number },
): Promise<UnitResult> {
  const run = await readRunDocument(context, unit);
  return memoised(context, unit, 'filter', filterKey(run, unit.shard), async (output) => {
    checkPlaces(run.search.k);
    const shard = await readFilterShard(context, unit, run);
    const chain = compileChain(await readChain(context, unit, run));
    const figures =
      run.job.mining.strategy === 'saha'
        ? await judgeEligibility(context, chain, shard)
        : await keepInShard(context, run, chain, shard, output);
    await output.writeNpy('reason.npy', shard.reasons, [shard.rows, shard.k]);
    return { rows: shard.rows, figures: { ...figures } };
  });
}

async function judgeEligibility(
  context: StageContext,
  chain: readonly Filter[],
  shard: FilterShard,
): Promise<Funnel> {
  await eachQuery(context, shard, (row) => runChain(chain, shard.candidates(row)));
  return countReasons(shard.reasons);
}

async function keepInShard(
  context: StageContext,
  run: RunDocument,
  chain: readonly Filter[],
  shard: FilterShard,
  output: UnitOutput,
): Promise<MiningFigures & { readonly relaxed: number }> {
  const { strategy, numNegatives, sampling, underFill = 'keep', keepPrevious = 0 } = run.job.mining;
  const rule = { chain, numNegatives, sampling, underFill, keepPrevious, seed: run.job.seed };
  const kept = new Int16Array(shard.rows * numNegatives).fill(-1);
  const tally = new MiningTally(numNegatives);
  const eligible = strategy === 'best' ? new Uint8Array(shard.reasons.length) : null;
  let relaxed = 0;
  await eachQuery(context, shard, (row) => {
    const candidates = shard.candidates(row);
    runChain(chain, candidates);
    eligible?.set(candidates.reasons, row * shard.k);
    const { places, relaxed: more } = keepNegatives(rule, candidates);
    for (const [n, place] of places.entries()) kept[row * numNegatives + n] = place;
    relaxed += more;
    const { owners: ownerScores, pair: pairScores } = candidates.features;
    tally.add({ ...candidates, kept: places.length, pair: ALL_PAIRS, ownerScores, pairScores });
  });
  if (eligible) await output.writeNpy('eligible.npy', eligible, [shard.rows, shard.k]);
  await output.writeNpy('kept.npy', kept, [shard.rows, numNegatives]);
  await output.writeNpy('pair.npy', new Int32Array(shard.rows).fill(ALL_PAIRS));
  return { ...tally.figures(), relaxed };
}

function checkPlaces(k: number): void {
  if (k <= MOST_CANDIDATES) return;
  throw new QuarryError(
    'BadJob',
    `${k} candidates per query are more than the ${MOST_CANDIDATES} that fit; lower mining.topK or mining.poolMultiplier (saha), or mining.rangeMax or mining.numNegatives (margin)`,
  );
}
