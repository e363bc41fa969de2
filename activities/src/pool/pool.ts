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
