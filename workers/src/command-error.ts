/**
 * How the command ends: 0 done, 1 the run failed or was cancelled from elsewhere, 2 the command or the job is wrong and
 * nothing was started, 130 interrupted.
 */
export type ExitCode = 0 | 1 | 2 | 130;

/** Ends the command with a message for a person: what, where, what was given, what to do. */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
