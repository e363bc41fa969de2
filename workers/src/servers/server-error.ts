/** Why a local server could not be had. */
export type ServerErrorCode = 'not-found' | 'start-failed' | 'lost';

/** Thrown when a local server cannot be found, built, started or kept running. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
  readonly code: ServerErrorCode;

  constructor(code: ServerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
