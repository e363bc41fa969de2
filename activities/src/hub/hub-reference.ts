import { QuarryError } from '../failures.ts';

/** A model on the Hugging Face hub. */
export interface HubReference {
  /** `owner/name` */
  readonly repository: string;
  /** A branch, a tag, or a commit's hash. */
  readonly revision: string;
}

/** How the hub is reached. */
export interface HubAccess {
  /** `HF_ENDPOINT`; default https://huggingface.co */
  readonly endpoint?: string | undefined;
  /** `HF_TOKEN` */
  readonly token?: string | undefined;
  /** Directory of the cache; default: where Hugging Face's own tools keep it (`HF_HOME`). */
  readonly cache?: string | undefined;
}

/** @throws QuarryError BadModel where it is not `hf:owner/name[@revision]` */
export function parseHubReference(reference: string): HubReference {
  const match = /^hf:([\w.-]+\/[\w.-]+)(?:@([\w./-]+))?$/.exec(reference);
  if (!match)
    throw new QuarryError(
      'BadModel',
      `model.path ${reference}: expected hf:owner/name or hf:owner/name@revision`,
    );
  return { repository: match[1]!, revision: match[2] ?? 'main' };
}

export function hubReference({ repository, revision }: HubReference): string {
  return `hf:${repository}@${revision}`;
}
