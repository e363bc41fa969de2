import { Thread } from './thread.ts';

/**
 * Worker threads for native code, which would block the event loop of the worker's main thread.
 *
 * A kernel is a module under `pool/kernels/` (see `kernel.ts`) that runs in the thread. Threads stay alive between
 * calls, so that a kernel can keep what is dear to load (a model session, an index part); calls with the same
 * `affinity` prefer the same thread.
 */
export interface Pool {
  run<Input, Output>(call: KernelCall<Input>): Promise<Output>;
  /** Ends every thread; calls in flight are rejected. */
  close(): Promise<void>;
}

export interface KernelCall<Input> {
  /** Name of the kernel: the module `pool/kernels/<name>.ts`. */
  readonly kernel: string;
  /** Structured-cloneable; pass file paths rather than big arrays. */
  readonly input: Input;
  /** Calls with the same key prefer the thread that served it last. */
  readonly affinity?: string;
  /** Abort ends the call: between native calls by the kernel itself, at the latest by ending the thread. */
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface PoolOptions {
  /** Calls that run at once; more wait in the order in which they came. */
  readonly threads: number;
  /** URL of the directory of compiled kernels, with a trailing slash; default: the kernels of this package. */
  readonly kernels?: string;
}

/** A pool that starts its threads when they are first needed, and replaces those that die. */
export function createPool({ threads, kernels }: PoolOptions): Pool {
  return new ThreadPool(threads, kernels ?? new URL('./kernels/', import.meta.url).href);
}

/** Affinity keys remembered; older ones are forgotten, which costs a reload and nothing else. */
const REMEMBERED = 1024;

interface Waiting {
  readonly call: KernelCall<unknown>;
  readonly start: (thread: Thread) => void;
  readonly refuse: (reason: unknown) => void;
}

class ThreadPool implements Pool {
  readonly #size: number;
  readonly #kernels: string;
  readonly #all = new Set<Thread>();
  /** Least recently used first. */
  readonly #idle = new Set<Thread>();
  readonly #lastServed = new Map<string, Thread>();
  readonly #waiting: Waiting[] = [];
  #closed = false;

  constructor(size: number, kernels: string) {
    this.#size = size;
    this.#kernels = kernels;
  }

  async run<Input, Output>(call: KernelCall<Input>): Promise<Output> {
    call.signal.throwIfAborted();
    const thread = await this.#acquire(call);
    try {
      return (await thread.run(call)) as Output;
    } finally {
      this.#release(thread);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { refuse } of this.#waiting.splice(0))
      refuse(new Error('the pool of worker threads was closed'));
    await Promise.all([...this.#all].map((thread) => thread.end()));
  }

  #acquire(call: KernelCall<unknown>): Promise<Thread> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(call.signal.reason);
      };
      const done = (): void => call.signal.removeEventListener('abort', onAbort);
      const waiting: Waiting = {
        call,
        start: (thread) => {
          done();
          resolve(thread);
        },
        refuse: (reason) => {
          done();
          reject(reason);
        },
      };
      call.signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiting);
      this.#dispatch();
    });
  }

  #release(thread: Thread): void {
    if (thread.usable) this.#idle.add(thread);
    this.#dispatch();
  }

  #dispatch(): void {
    if (this.#closed) {
      for (const { refuse } of this.#waiting.splice(0))
        refuse(new Error('the pool of worker threads is closed'));
      return;
    }
    while (this.#waiting.length > 0) {
      const thread = this.#choose(this.#waiting[0]!.call.affinity);
      if (!thread) return;
      this.#waiting.shift()!.start(thread);
    }
  }

  /** The thread that served the key last, a new one, or the one that has been idle longest. */
  #choose(affinity: string | undefined): Thread | undefined {
    const known = affinity === undefined ? undefined : this.#lastServed.get(affinity);
    let thread = known && this.#idle.has(known) ? known : undefined;
    thread ??= this.#all.size < this.#size ? this.#spawn() : this.#idle.values().next().value;
    if (!thread) return undefined;
    this.#idle.delete(thread);
    if (affinity !== undefined) {
      this.#lastServed.delete(affinity);
      this.#lastServed.set(affinity, thread);
      if (this.#lastServed.size > REMEMBERED) {
        this.#lastServed.delete(this.#lastServed.keys().next().value as string);
      }
    }
    return thread;
  }

  #spawn(): Thread {
    const thread = new Thread(this.#kernels);
    this.#all.add(thread);
    void thread.exited.then(() => {
      this.#all.delete(thread);
      this.#idle.delete(thread);
      for (const [key, server] of this.#lastServed) if (server === thread) this.#lastServed.delete(key);
      this.#dispatch();
    });
    return thread;
  }
}
