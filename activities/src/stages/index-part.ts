import type { RunRef, UnitResult } from '@quarry/workflows';
import type { BuildGraphInput } from '../pool/kernels/build-graph.ts';
import { indexKey } from './keys.ts';
import { GRAPH_FILE, partVectors } from './part-files.ts';
import { readRunDocument } from './run-document.ts';
import type { StageContext } from './stage-context.ts';
import { memoised } from './unit.ts';

/**
 * Builds the HNSW graph of one part (`exact` needs none). One thread adds the vectors in the order of their dense ids,
 * so that a part has one graph.
 *
 * Memory, in a worker thread: the part's vectors (256 MiB at most) and the graph, which holds them once more and
 * m x 8 + 20 bytes of links per vector.
 */
export async function indexPart(
  context: StageContext,
  unit: RunRef & { readonly part: number },
): Promise<UnitResult> {
  const run = await readRunDocument(context, unit);
  const part = run.search.parts[unit.part]!;
  const documents = part.documents.end - part.documents.start;
  return memoised(context, unit, 'index', indexKey(run, unit.part), async (output) => {
    if (run.search.engine === 'exact') return { rows: documents };
    const { m, efConstruction } = run.job.search;
    const rows = await context.pool.run<BuildGraphInput, number>({
      kernel: 'build-graph',
      input: {
        vectors: await partVectors(context, unit, run, unit.part),
        dimension: run.model.dimension,
        m,
        efConstruction,
        seed: run.job.seed,
        output: await output.path(GRAPH_FILE),
      },
      signal: context.signal,
      onProgress: context.progress,
    });
    return { rows, figures: { m, efConstruction } };
  });
}
