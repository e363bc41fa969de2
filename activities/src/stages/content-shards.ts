import type { Range, RunRef } from '@quarry/workflows';
import type { ContentShards, Contents } from '../tables/contents.ts';
import { type RunDocument, shardFile } from './run-document.ts';
import type { StageContext } from './stage-context.ts';
import { unitFile } from './unit.ts';

/** Where the ids and texts of a run's documents and queries lie, in its plan. */
export function contentShards(
  context: StageContext,
  unit: RunRef,
  run: RunDocument,
): Readonly<Record<Contents, ContentShards>> {
  const side = (contents: Contents, shards: readonly Range[]): ContentShards => ({
    contents,
    shards,
    file: (shard) => unitFile(context, unit.cache, 'plan', run.planKey, shardFile(contents, shard)),
  });
  return {
    documents: side('documents', run.plan.documentShards),
    queries: side('queries', run.plan.queryShards),
  };
}
