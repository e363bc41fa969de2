/**
 * What a module under `pool/kernels/` exports as `run`. It runs in a worker thread, may block it, and may keep what is
 * dear to load (a session, an index part) in module variables: the thread lives on.
 *
 * Input and output cross the thread boundary by structured clone. Typed arrays of the output that span their whole
 * buffer are transferred: give away only arrays that the kernel does not use again. A `QuarryError` thrown here
 * arrives with its code.
 */
export type Kernel<Input, Output> = (input: Input, control: KernelControl) => Promise<Output> | Output;

/** What a kernel is told and tells while it runs. */
export interface KernelControl {
  /** The call is no longer wanted: look between native calls, and return (whatever) or throw. */
  readonly aborted: boolean;
  /** Cheap; call it often. Passed on at most ten times a second. */
  progress(done: number, total: number): void;
}
