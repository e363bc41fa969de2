import type { RunRef, UnitResult } from '@quarry/workflows';
import type { FitMetricInput, FitMetricOutput } from '../pool/kernels/fit-metric.ts';
import { metricKey } from './keys.ts';
import { documentVectorFiles, queryVectorFiles } from './owner-inputs.ts';
import { planRows } from './read-verdicts.ts';
import { type RunDocument, readRunDocument } from './run-document.ts';
import type { StageContext } from './stage-context.ts';
import { memoised } from './unit.ts';

/** Known pairs that the metric is fitted to: enough for its variance, and at most about 2^31 multiplications. */
const MOST_PAIRS = 16_384;
const LEAST_PAIRS = 2048;
const MULTIPLICATIONS = 2 ** 31;
/** Documents with two owners that are compared. */
const MOST_SHARED = 2048;

/** What `metric` found out, beside the metric itself. */
export type MetricFigures = FitMetricOutput;

/**
 * The metric in which pairs are compared, fitted to known pairs spread evenly over the data set: `means.npy`,
 * `whitening.npy`, and those pairs (`known-query.npy`, `known-document.npy`) with their own scores under it
 * (`known.npy`).
 *
 * Memory: 12 bytes per pair and 4 per document here; in the worker thread 24 bytes per dimension squared and 16,384
 * pairs' vectors at most.
 */
export async function metric(context: StageContext, unit: RunRef): Promise<UnitResult> {
  const run = await readRunDocument(context, unit);
  return memoised(context, unit, 'metric', metricKey(run), async (output) => {
    const pairQuery = await planRows<Int32Array>(context, unit, run, 'pairQuery');
    const pairDocument = await planRows<Int32Array>(context, unit, run, 'pairDocument');
    const places = evenly(pairQuery.length, pairsFor(run.model.dimension));
    const queries = places.map((pair) => pairQuery[pair]!);
    const documents = places.map((pair) => pairDocument[pair]!);
    const input: FitMetricInput = {
      queries,
      documents,
      sharing: await sharedDocuments(context, unit, run),
      dimension: run.model.dimension,
      queryVectors: await queryVectorFiles(context, unit, run),
      documentVectors: await documentVectorFiles(context, unit, run),
      output: {
        means: await output.path('means.npy'),
        whitening: await output.path('whitening.npy'),
        known: await output.path('known.npy'),
      },
    };
    const figures = await context.pool.run<FitMetricInput, FitMetricOutput>({
      kernel: 'fit-metric',
      input,
      signal: context.signal,
      onProgress: context.progress,
    });
    await output.writeNpy('known-query.npy', queries);
    await output.writeNpy('known-document.npy', documents);
    return { rows: figures.pairs, figures: { ...figures } };
  });
}

function pairsFor(dimension: number): number {
  return Math.min(MOST_PAIRS, Math.max(LEAST_PAIRS, Math.floor(MULTIPLICATIONS / dimension ** 2)));
}

/** Up to `count` of the numbers below `all`, spread evenly. */
function evenly(all: number, count: number): Int32Array {
  const taken = Math.min(all, count);
  return Int32Array.from({ length: taken }, (_, i) => Math.floor((i * all) / taken));
}

/** The first two owners of documents that have two, of up to 2,048 such documents. */
async function sharedDocuments(
  context: StageContext,
  unit: RunRef,
  run: RunDocument,
): Promise<readonly [Int32Array, Int32Array]> {
  const offsets = await planRows<Int32Array>(context, unit, run, 'ownerOffsets');
  const owners = await planRows<Int32Array>(context, unit, run, 'ownerQuery');
  const shared: number[] = [];
  for (let document = 0; document + 1 < offsets.length; document++) {
    if (offsets[document + 1]! - offsets[document]! >= 2) shared.push(offsets[document]!);
  }
  const firsts = evenly(shared.length, MOST_SHARED).map((i) => shared[i]!);
  return [firsts.map((at) => owners[at]!), firsts.map((at) => owners[at + 1]!)];
}
