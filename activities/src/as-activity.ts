import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { QuarryError } from './failures.ts';
import type { Dependencies, StageContext } from './stages/stage-context.ts';

/** Well below the heartbeat timeout of `stageOptions`, and short enough that a cancellation arrives within seconds. */
const HEARTBEAT_EVERY_MS = 2000;

/**
 * One stage as an activity. Heartbeats go out from the first moment to the last, whatever the stage does, with how far
 * it is; they also bring the cancellation.
 */
export function asActivity<Input, Output>(
  dependencies: Dependencies,
  stage: (context: StageContext, input: Input) => Promise<Output>,
): (input: Input) => Promise<Output> {
  return async (input) => {
    const activity = Context.current();
    let details = { done: 0, total: 0 };
    const heartbeat = setInterval(() => activity.heartbeat(details), HEARTBEAT_EVERY_MS);
    activity.heartbeat(details);
    const progress = (done: number, total: number): void => {
      details = { done, total };
    };
    try {
      return await stage({ ...dependencies, signal: activity.cancellationSignal, progress }, input);
    } catch (error) {
      throw asFailure(error, activity.cancellationSignal);
    } finally {
      clearInterval(heartbeat);
    }
  };
}

/** What trying again cannot mend is non-retryable, under its code; the rest is Temporal's to retry. */
function asFailure(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted)
    return signal.reason instanceof CancelledFailure ? signal.reason : new CancelledFailure('cancelled');
  if (error instanceof QuarryError) {
    return ApplicationFailure.create({
      message: error.message,
      type: error.code,
      nonRetryable: true,
      cause: error,
    });
  }
  return error;
}
