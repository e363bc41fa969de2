import { QuarryError, type QuarryErrorCode } from '../failures.ts';

/** What passes between a worker thread and its owner. */

export interface CallMessage {
  readonly kernel: string;
  readonly input: unknown;
  /** One int32: 1 = aborted. Shared, because a thread in a native call reads no messages. */
  readonly abort: SharedArrayBuffer;
}

export type ThreadMessage =
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | { readonly type: 'result'; readonly output: unknown }
  | { readonly type: 'failure'; readonly failure: Failure };

/** An error as it crosses the thread boundary, where classes are lost. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Set where it was a QuarryError. */
  readonly code: QuarryErrorCode | undefined;
}

export function toFailure(error: unknown): Failure {
  if (!(error instanceof Error))
    return { name: 'Error', message: String(error), stack: undefined, code: undefined };
  const code = error instanceof QuarryError ? error.code : undefined;
  return { name: error.name, message: error.message, stack: error.stack, code };
}

export function fromFailure(failure: Failure): Error {
  const error = failure.code
    ? new QuarryError(failure.code, failure.message)
    : Object.assign(new Error(failure.message), { name: failure.name });
  if (failure.stack !== undefined) error.stack = failure.stack;
  return error;
}
