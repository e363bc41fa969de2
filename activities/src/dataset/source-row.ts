/** One data row of an input file, good or bad. */
export interface SourceRow {
  /** 0-based, counting every data row of the file: the row of given vectors. */
  readonly row: number;
  /** 1-based line where the row begins; with Parquet 1-based row. For messages. */
  readonly line: number;
  /** Which of the files of its source, where there are several; default the first. */
  readonly file?: number;
  /** The row by column, or why there is none. */
  readonly values: Readonly<Record<string, unknown>> | BadRow;
}

/** Why a row cannot be used. The reason is a clause that stands alone: field, what was found, what was expected. */
export class BadRow extends Error {
  readonly reason: string;
  /** The row's own id, where it could be read: other rows may point to it. */
  readonly id: string | null;

  constructor(reason: string, id: string | null = null) {
    super(reason);
    this.reason = reason;
    this.id = id;
  }
}
