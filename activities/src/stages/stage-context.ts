import type { HubAccess } from '../hub/hub-reference.ts';
import type { Pool } from '../pool/pool.ts';
import type { Store } from '../storage/store.ts';

/** What the stages are given from outside; `workers` wires it, tests wire it otherwise. */
export interface Dependencies {
  /** The store that serves a URI (by its scheme). */
  readonly openStore: (uri: string) => Store;
  /** Absolute local directory, private to this process. */
  readonly scratch: string;
  /**
   * Absolute local directory that the processes of this machine share, for models that are fetched or prepared once;
   * default: below `scratch`.
   */
  readonly models?: string;
  /** Worker threads for native code. */
  readonly pool: Pool;
  /** Threads that one native kernel may use. */
  readonly threads: number;
  /** How models of the Hugging Face hub are reached. */
  readonly hub?: HubAccess;
}

/** What reading the cache takes. */
export type CacheAccess = Pick<Dependencies, 'openStore'>;

/** {@link Dependencies} plus what belongs to one attempt of one unit. */
export interface StageContext extends Dependencies {
  /** Aborted when the attempt is cancelled, or no longer wanted. */
  readonly signal: AbortSignal;
  /** Goes into the heartbeat; cheap, call it often. */
  readonly progress: (done: number, total: number) => void;
}
