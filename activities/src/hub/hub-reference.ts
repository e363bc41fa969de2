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
  /** `HF_HUB_OFFLINE`: the hub is not asked, what is cached is used. */
  readonly offline?: boolean | undefined;
  /** Told where something else than the hub's answer is used, and why. */
  readonly notice?: ((message: string) => void) | undefined;
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

const COMMIT = /^[0-9a-f]{40}$/;

/** Whether a revision is a commit, so that it always means the same files. */
export function isCommit(revision: string): boolean {
  return COMMIT.test(revision);
}

export function endpointOf({ endpoint = 'https://huggingface.co' }: Pick<HubAccess, 'endpoint'>): string {
  return endpoint;
}
