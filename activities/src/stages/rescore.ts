import type { RunRef, UnitResult } from '@quarry/workflows';
import { chainOf } from '@quarry/workflows/chain';
import { byScore } from '../mining/by-score.ts';
import { askAbout } from './ask-about-pairs.ts';
import { candidatesKey, mergeKey } from './keys.ts';
import { type RunDocument, readRunDocument } from './run-document.ts';
import { readShardJudgements, readShardPairs, rowOfEachEntry } from './shard-pairs.ts';
import type { StageContext } from './stage-context.ts';
import { memoised, readUnitNpy } from './unit.ts';

/**
 * The candidates of one query shard, scored anew by a cross-encoder and ordered by (score descending, document
 * ascending), and its scores of the positives: the arrays of `merge`, in whose place they stand for all that follows.
 * What sentence-transformers' `mine_hard_negatives` does with `cross_encoder`; how well the index retrieves is measured
 * before it.
 *
 * Memory: q x k x 22 bytes, 12 per pair of the shard, and what the model's questions take.
 */
export async function rescore(
  context: StageContext,
  unit: RunRef & { readonly shard: number },
): Promise<UnitResult> {
  const run = await readRunDocument(context, unit);
  const { shard } = unit;
  return memoised(context, unit, 'rescore', candidatesKey(run, shard), async (output) => {
    const { start, end } = run.plan.queryShards[shard]!;
    const { k } = run.search;
    const merged = mergeKey(run, shard);
    const ids = (await readUnitNpy<Int32Array>(context, unit.cache, 'merge', merged, 'ids.npy')).data;
    const pairs = await readShardPairs(context, unit, run, { start, end });
    const slots = Int32Array.from(ids.keys()).filter((slot) => ids[slot]! >= 0);
    const candidates = {
      queries: slots.map((slot) => start + Math.floor(slot / k)),
      documents: slots.map((slot) => ids[slot]!),
    };
    const positives = {
      queries: rowOfEachEntry(pairs.offsets).map((row) => start + row),
      documents: pairs.documents,
    };
    const [said, ofPositives] = await askAbout(context, unit, run, run.rescorer!, output, [
      candidates,
      positives,
    ]);
    const scores = new Float32Array(ids.length).fill(Number.NEGATIVE_INFINITY);
    for (const [i, slot] of slots.entries()) scores[slot] = said![i]!;
    const order = byScore({ k, ids, scores, tier: await tiers(context, unit, run, ids) });
    await output.writeNpy(
      'ids.npy',
      order.map((slot) => ids[slot]!),
      [end - start, k],
    );
    await output.writeNpy(
      'scores.npy',
      Float32Array.from(order, (slot) => scores[slot]!),
      [end - start, k],
    );
    await output.writeNpy('positive-scores.npy', ofPositives!);
    if (run.plan.given) {
      const { data } = await readUnitNpy<Uint8Array>(context, unit.cache, 'merge', merged, 'source.npy');
      await output.writeNpy(
        'source.npy',
        Uint8Array.from(order, (slot) => data[slot]!),
        [end - start, k],
      );
    }
    return { rows: end - start, figures: { scored: slots.length + positives.documents.length } };
  });
}

/** The first place of the retrieved list that the chain does not look at: it stays behind, whatever its new score. */
function depthOf({ job, plan }: RunDocument): number {
  const window = chainOf(job.mining, plan).find(
    (rule) => rule.name === 'rank_window' && rule.of === 'retrieved',
  );
  return window?.name === 'rank_window' ? (window.to ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
}

/** uint8 [q, k]: 0 among what the chain looks at (a query itself takes no place), 1 behind it, 2 no candidate. */
async function tiers(
  context: StageContext,
  unit: RunRef & { readonly shard: number },
  run: RunDocument,
  ids: Int32Array,
): Promise<Uint8Array> {
  const depth = depthOf(run);
  const { k } = run.search;
  const { self } = await readShardJudgements(context, unit, run, run.plan.queryShards[unit.shard]!);
  const tier = new Uint8Array(ids.length);
  for (let first = 0; first < ids.length; first += k) {
    const row = first / k;
    let rank = 0;
    for (let slot = first; slot < first + k; slot++) {
      const isSelf = self[2 * row] === ids[slot] || self[2 * row + 1] === ids[slot];
      tier[slot] = ids[slot]! < 0 ? 2 : rank >= depth ? 1 : 0;
      if (ids[slot]! >= 0 && !isSelf) rank++;
    }
  }
  return tier;
}
