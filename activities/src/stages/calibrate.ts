import type { RunRef, UnitResult } from '@quarry/workflows';
import { type ChainRule, chainOf, closedChain, openRule } from '@quarry/workflows/chain';
import { QuarryError } from '../failures.ts';
import { type Calibration, findThreshold } from '../mining/calibrate/find-threshold.ts';
import { type SurveyFigures, sumSurveys } from '../mining/calibrate/threshold-survey.ts';
import { pairMeasure } from '../mining/filters/pair.ts';
import { calibrateKey, hubnessKey, metricKey, surveyKey } from './keys.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { type RunDocument, readRunDocument } from './run-document.ts';
import type { Dependencies, StageContext } from './stage-context.ts';
import { memoised, readDone, readUnitNpy } from './unit.ts';

/** Shards read at once. */
const READS = 32;

/**
 * The open threshold of the chain, from the surveys of all query shards and, for the pair rule, from what known pairs
 * look like. One reducer. Memory: 4 bytes per query, 4 per document, and the survey of each shard (8 kB).
 *
 * @throws QuarryError BadJob where what is asked for cannot be met, saying by how much
 */
export async function calibrate(context: StageContext, unit: RunRef): Promise<UnitResult> {
  const run = await readRunDocument(context, unit);
  return memoised(context, unit, 'calibrate', calibrateKey(run), async () => {
    const shards = [...run.plan.queryShards.keys()];
    const surveys = await mapConcurrently(shards, READS, async (shard) => {
      context.signal.throwIfAborted();
      return (await readDone(context, unit.cache, 'survey', surveyKey(run, shard)))
        .figures as unknown as SurveyFigures;
    });
    const needed = new Float32Array(run.plan.queries);
    await mapConcurrently(shards, READS, async (shard) => {
      const key = surveyKey(run, shard);
      const { data } = await readUnitNpy<Float32Array>(context, unit.cache, 'survey', key, 'needed.npy');
      needed.set(data, run.plan.queryShards[shard]!.start);
    });
    const known = await knownPairs(context, unit, run);
    const evidence = { survey: sumSurveys(surveys), needed: needed.sort(), known: known.sort() };
    const { name } = openRule(chainOf(run.job.mining, run.plan))!;
    const found = orRefuse(() => findThreshold(run.job.mining.calibrate, evidence));
    return { rows: run.plan.queries, figures: { filter: name, ...found } };
  });
}

/** What the pair rule measures of the known pairs that the metric was fitted to, each side alone; none for others. */
async function knownPairs(context: StageContext, { cache }: RunRef, run: RunDocument): Promise<Float32Array> {
  if (openRule(chainOf(run.job.mining, run.plan))?.name !== 'pair') return new Float32Array(0);
  const fitted = async <A extends Float32Array | Int32Array>(name: string): Promise<A> =>
    (await readUnitNpy<A>(context, cache, 'metric', metricKey(run), name)).data;
  const hub = async (name: string): Promise<Float32Array> =>
    (await readUnitNpy<Float32Array>(context, cache, 'hubness', hubnessKey(run, 'pair'), name)).data;
  const [scores, queries, documents, ofQueries, ofDocuments] = await Promise.all([
    fitted<Float32Array>('known.npy'),
    fitted<Int32Array>('known-query.npy'),
    fitted<Int32Array>('known-document.npy'),
    hub('queries.npy'),
    hub('documents.npy'),
  ]);
  return scores.map((score, pair) =>
    pairMeasure(score, ofQueries[queries[pair]!]!, ofDocuments[documents[pair]!]!),
  );
}

function orRefuse(find: () => Calibration): Calibration {
  try {
    return find();
  } catch (error) {
    if (error instanceof RangeError) throw new QuarryError('BadJob', error.message);
    throw error;
  }
}

/** The threshold that was found; null where the chain leaves none open. */
export async function readCalibration(
  dependencies: Dependencies,
  { cache }: RunRef,
  run: RunDocument,
): Promise<(Calibration & { readonly filter: string }) | null> {
  if (!openRule(chainOf(run.job.mining, run.plan))) return null;
  const { figures } = await readDone(dependencies, cache, 'calibrate', calibrateKey(run));
  return figures as unknown as Calibration & { readonly filter: string };
}

/** The chain as it runs, its open threshold closed. */
export async function readChain(
  dependencies: Dependencies,
  unit: RunRef,
  run: RunDocument,
): Promise<readonly ChainRule[]> {
  const chain = chainOf(run.job.mining, run.plan);
  const found = await readCalibration(dependencies, unit, run);
  return found ? closedChain(chain, found.above) : chain;
}
