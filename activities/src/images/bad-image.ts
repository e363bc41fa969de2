/** Why an image cannot be used. The reason is a clause that stands alone: what was found, what was expected. */
export class BadImage extends Error {
  readonly reason: string;

  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.reason = reason;
  }
}
