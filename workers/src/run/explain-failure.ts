import { type TemporalTarget, workflowLink } from '../temporal-target.ts';

/** Why a run ended without a result, for a person. */
export interface Failure {
  /** Cancelled, terminated or timed out: somebody's decision, not a fault of the work. */
  readonly cancelled: boolean;
  /** The deepest cause: `BadInput`, `Error`, ... */
  readonly type: string;
  readonly message: string;
  /** The stage that failed, where one did. */
  readonly stage: string | null;
}

/** Finds what lies behind what `handle.result()` was rejected with; null where it is no failure of the workflow. */
export function explainFailure(error: unknown): Failure | null {
  const chain = causes(error);
  if (chain[0]?.name !== 'WorkflowFailedError') return null;
  const stage = (
    chain.find(({ name }) => name === 'ActivityFailure') as { activityType?: string } | undefined
  )?.activityType;
  const failures = chain.filter(({ name }) => name === 'ApplicationFailure') as (Error & { type?: string })[];
  const first = failures[0] ?? chain.at(-1)!;
  const deeper = failures.slice(1).filter(({ message }) => !first.message.includes(message));
  const message = [first.message, ...deeper.map((failure) => failure.message)].join('; because ');
  const cancelled = ['CancelledFailure', 'TerminatedFailure'].includes(chain.at(-1)!.name);
  return { cancelled, type: failures[0]?.type ?? first.name, message, stage: stage ?? null };
}

function causes(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) chain.push(cause);
  return chain;
}

/** What to print: the cause, where, and what to do. Stack traces are in the workers' log. */
export function failureMessage(
  { cancelled, type, message, stage }: Failure,
  workflowId: string,
  { target, log }: { readonly target: TemporalTarget; readonly log: string | null },
): string {
  if (cancelled) return `The run ${workflowId} was ended from elsewhere: ${message}`;
  const link = workflowLink(target, workflowId);
  return [
    `The run failed${stage ? ` in stage ${stage}` : ''} (${type}):`,
    message,
    '',
    'What is done is kept: mend the cause, and the same command does only the rest.',
    ...(log ? [`Log         ${log}`] : []),
    ...(link ? [`Temporal UI ${log ? 'quarry up    then open ' : ''}${link}`] : []),
  ].join('\n');
}
