import type { Job } from '@quarry/workflows';
import { openGivenVectors } from '../embedder/given-vectors.ts';
import { QuarryError } from '../failures.ts';
import type { Dependencies } from '../stages/stage-context.ts';
import type { PlanFigures } from './plan-input.ts';

/**
 * Given vectors stand for the rows of the input: one per data row of its query and its document file.
 *
 * @throws QuarryError BadVectors where the counts differ; BadJob where documents are no rows of a file
 */
export async function checkVectorRows(
  context: Dependencies,
  { input, model }: Pick<Job, 'input' | 'model'>,
  { sourceRows, listPositives, listQueries, addedDocuments }: PlanFigures,
): Promise<void> {
  if (model.kind !== 'vectors') return;
  if (listQueries > 0) {
    throw new QuarryError(
      'BadJob',
      `${listQueries} rows of ${input.path} have a list of queries, so it is unclear which vector of model.queries belongs to which; write one query per row`,
    );
  }
  if (input.format === 'pairs' && !input.corpus && listPositives > 0) {
    throw new QuarryError(
      'BadJob',
      `${listPositives} rows of ${input.path} have a list of positives, so it is unclear which vector of model.documents belongs to which; give the documents as input.corpus, with one vector per row of it`,
    );
  }
  if (addedDocuments > 0) {
    throw new QuarryError(
      'BadJob',
      `${addedDocuments} positives (or negatives) of ${input.path} are not in ${input.corpus?.path ?? 'the corpus'}, so model.documents has no vectors for them; add them to the corpus, or name them by id with columns.positiveId (and columns.negativeId)`,
    );
  }
  for (const [side, uri] of [
    ['queries', model.queries],
    ['documents', model.documents],
  ] as const) {
    const { rows } = await openGivenVectors(context, uri);
    if (rows === sourceRows[side]) continue;
    throw new QuarryError(
      'BadVectors',
      `${uri} has ${rows} vectors, but the input has ${sourceRows[side]} rows of ${side}; give one vector per row, bad and repeated rows included, in the order of the rows`,
    );
  }
}
