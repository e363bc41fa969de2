import type { RunRef, Side, UnitResult } from '@quarry/workflows';
import type { PairVectorsInput } from '../pool/kernels/pair-vectors.ts';
import type { MetricFiles } from '../tables/metric-files.ts';
import { pairOwners } from './keyed-chain.ts';
import { embedKey, metricKey, pairVectorsKey } from './keys.ts';
import type { MetricFigures } from './metric.ts';
import { documentVectorFiles, ownerFiles, queryVectorFiles } from './owner-inputs.ts';
import { type RunDocument, readRunDocument } from './run-document.ts';
import { readShardPairs } from './shard-pairs.ts';
import type { StageContext } from './stage-context.ts';
import { memoised, readDone, unitFile } from './unit.ts';

/** Queries of one document must be this alike (mean cosine) for owners to be evidence. */
const ALIKE = 0.5;

type Unit = RunRef & { readonly side: Side; readonly shard: number };

/**
 * The pair vectors of one shard, float32 [rows, dimension] of length 1: what the pair rule compares. A query stands with
 * its positives; a document with its owners where owners are evidence (`pair.owners`, by default where queries of one
 * document are alike or no document has two), alone where not.
 *
 * Memory: 8 bytes per pair of the shard here; in the worker thread what the kernel says (about 200 MiB at most).
 */
export async function pairVectors(context: StageContext, unit: Unit): Promise<UnitResult> {
  const run = await readRunDocument(context, unit);
  const { side, shard } = unit;
  return memoised(context, unit, 'pairVectors', pairVectorsKey(run, side, shard), async (output) => {
    const rows = (side === 'query' ? run.plan.queryShards : run.plan.documentShards)[shard]!;
    const input: PairVectorsInput = {
      side,
      rows: { start: rows.start, end: rows.end },
      own: await unitFile(context, unit.cache, 'embed', embedKey(run, side, shard), 'vectors.npy'),
      dimension: run.model.dimension,
      others:
        side === 'query'
          ? await documentVectorFiles(context, unit, run)
          : await queryVectorFiles(context, unit, run),
      partners: await partners(context, unit, run),
      metric: await metricFiles(context, unit, run),
      output: await output.path('vectors.npy'),
    };
    const count = await context.pool.run<PairVectorsInput, number>({
      kernel: 'pair-vectors',
      input,
      signal: context.signal,
      onProgress: context.progress,
    });
    return { rows: count };
  });
}

async function partners(
  context: StageContext,
  unit: Unit,
  run: RunDocument,
): Promise<PairVectorsInput['partners']> {
  if (unit.side === 'query') {
    const { offsets, documents } = await readShardPairs(
      context,
      unit,
      run,
      run.plan.queryShards[unit.shard]!,
    );
    return { offsets, ids: documents };
  }
  const done = await readDone(context, unit.cache, 'metric', metricKey(run));
  return ownersAreEvidence(run, done.figures as unknown as MetricFigures)
    ? ownerFiles(context, unit, run)
    : null;
}

/** Decided per run, from the data, before anything is dropped. */
function ownersAreEvidence(run: RunDocument, { alike }: MetricFigures): boolean {
  const owners = pairOwners(run);
  return owners === 'auto' ? alike === null || alike >= ALIKE : owners;
}

export async function metricFiles(
  context: StageContext,
  unit: RunRef,
  run: RunDocument,
): Promise<MetricFiles> {
  const file = (name: string): Promise<string> =>
    unitFile(context, unit.cache, 'metric', metricKey(run), name);
  return {
    means: await file('means.npy'),
    whitening: await file('whitening.npy'),
    dimension: run.model.dimension,
  };
}
