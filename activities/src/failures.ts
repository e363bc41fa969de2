/**
 * What can go wrong for good. The message says what, where, what was given and what to do; `code` is the name under
 * which the failure appears in Temporal and in tests. Retried are only errors that are not of this class.
 */
export class QuarryError extends Error {
  override readonly name = 'QuarryError';

  readonly code: QuarryErrorCode;

  constructor(code: QuarryErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

export type QuarryErrorCode =
  /** the job, or a file that it names, is not usable */
  | 'BadJob'
  /** more bad rows than the job allows, or none left */
  | 'BadInput'
  /** the model directory is not usable */
  | 'BadModel'
  /** vectors of the wrong shape, or not finite */
  | 'BadVectors'
  /** something in the cache or output is not what was written */
  | 'BadArtefact'
  /** another run's output stands where this one would go */
  | 'OutputTaken';
