import { hubReference, parseHubReference } from '../hub/hub-reference.ts';
import type { WantedModel } from '../hub/needed-files.ts';
import { pullModel } from '../hub/pull-model.ts';
import type { Dependencies } from '../stages/stage-context.ts';
import { localModelDirectory } from './model-directory.ts';

/** Where a model's files lie on this machine. */
export interface LocatedModel {
  readonly directory: string;
  /** The job's path; of a model of the hub with the commit that its revision means now. */
  readonly path: string;
}

/**
 * Finds a model's files, fetching what is not here.
 *
 * @throws QuarryError BadModel where there is no such model
 */
export async function locateModel(
  context: Pick<Dependencies, 'openStore' | 'scratch' | 'models' | 'hub'>,
  model: WantedModel & { readonly path: string },
): Promise<LocatedModel> {
  const { path } = model;
  if (!path.startsWith('hf:')) return { directory: await localModelDirectory(context, path, model), path };
  const reference = parseHubReference(path);
  const { directory, revision } = await pullModel(reference, model, context.hub ?? {});
  return { directory, path: hubReference({ ...reference, revision }) };
}
