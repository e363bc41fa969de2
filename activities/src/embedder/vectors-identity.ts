import { createHash } from 'node:crypto';
import type { Job } from '@quarry/workflows';
import { QuarryError } from '../failures.ts';
import type { Dependencies } from '../stages/stage-context.ts';
import { openGivenVectors } from './given-vectors.ts';
import { hashJson } from './model-hash.ts';
import type { ModelIdentity } from './model-identity.ts';

const CHUNK_BYTES = 8 << 20;

/** Identity of given vectors: the content of both files. */
export async function describeVectors(
  context: Dependencies,
  model: Extract<Job['model'], { kind: 'vectors' }>,
): Promise<ModelIdentity> {
  const queries = await openGivenVectors(context, model.queries);
  const documents = await openGivenVectors(context, model.documents);
  if (queries.dimension !== documents.dimension) {
    throw new QuarryError(
      'BadVectors',
      `${model.queries} has vectors of ${queries.dimension} dimensions and ${model.documents} of ${documents.dimension}; both must come from one model`,
    );
  }
  const { normalize } = model;
  const content = [await hashObject(context, model.queries), await hashObject(context, model.documents)];
  return {
    kind: 'vectors',
    path: model.queries,
    sha256: hashJson(['vectors', content, normalize]),
    dimension: queries.dimension,
    maxLength: 0,
    preprocessing: { normalize },
    oneRowAtATime: false,
  };
}

/** sha256 of an object, read in ranges. Not remembered: a file of vectors may be written anew with the same shape. */
async function hashObject(context: Dependencies, uri: string): Promise<string> {
  const store = context.openStore(uri);
  const size = (await store.size(uri)) ?? 0;
  const hash = createHash('sha256');
  for (let start = 0; start < size; start += CHUNK_BYTES) {
    hash.update(await store.readRange(uri, start, Math.min(size, start + CHUNK_BYTES)));
  }
  return hash.digest('hex');
}
