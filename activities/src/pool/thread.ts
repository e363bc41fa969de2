import { Worker } from 'node:worker_threads';
import { type CallMessage, fromFailure, type ThreadMessage } from './messages.ts';
import type { KernelCall } from './pool.ts';

/** How long a kernel may go on after an abort before its thread is ended. */
const GRACE_MS = 2000;

/** One long-lived worker thread, serving one call at a time. */
export class Thread {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  #settle: ((message: ThreadMessage | Error) => void) | null = null;
  #usable = true;

  /** @param kernels URL of the directory that holds the kernels. */
  constructor(kernels: string) {
    this.#worker = new Worker(new URL('./thread-main.js', import.meta.url), {
      workerData: { kernels },
      execArgv: [],
    });
    this.#worker.unref();
    this.#worker.on('message', (message: ThreadMessage) => this.#settle?.(message));
    let cause: unknown;
    this.#worker.on('error', (error) => {
      cause = error;
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#usable = false;
        const why = cause instanceof Error ? cause.message : `exit code ${code}`;
        this.#settle?.(new Error(`a worker thread ended in the middle of a call (${why})`, { cause }));
        resolve();
      });
    });
  }

  /** It has neither ended nor been told to. */
  get usable(): boolean {
    return this.#usable;
  }

  /** Resolves when the thread is gone, for whatever reason. */
  get exited(): Promise<void> {
    return this.#exited;
  }

  /**
   * Runs one call. Rejects with the kernel's error, with the signal's reason after an abort, and with a plain
   * (retryable) Error where the thread dies.
   */
  async run(call: KernelCall<unknown>): Promise<unknown> {
    call.signal.throwIfAborted();
    const abort = new SharedArrayBuffer(4);
    let grace: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      Atomics.store(new Int32Array(abort), 0, 1);
      grace = setTimeout(() => void this.end(), GRACE_MS);
    };
    this.#worker.ref();
    try {
      const outcome = await new Promise<ThreadMessage | Error>((resolve) => {
        this.#settle = (message) => {
          if (message instanceof Error || message.type !== 'progress') resolve(message);
          else if (!call.signal.aborted) call.onProgress?.(message.done, message.total);
        };
        call.signal.addEventListener('abort', onAbort, { once: true });
        const message: CallMessage = { kernel: call.kernel, input: call.input, abort };
        this.#worker.postMessage(message);
      });
      call.signal.throwIfAborted();
      if (outcome instanceof Error) throw outcome;
      if (outcome.type === 'failure') throw fromFailure(outcome.failure);
      return outcome.type === 'result' ? outcome.output : undefined;
    } finally {
      this.#settle = null;
      clearTimeout(grace);
      call.signal.removeEventListener('abort', onAbort);
      this.#worker.unref();
    }
  }

  /** Ends the thread. A call in flight is rejected at once, even where a native call holds the thread a while longer. */
  async end(): Promise<void> {
    this.#usable = false;
    this.#settle?.(new Error('the worker thread was ended in the middle of a call'));
    await this.#worker.terminate();
  }
}
