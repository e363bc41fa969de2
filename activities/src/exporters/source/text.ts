import type { SpooledJson } from './spooled-json.ts';

/** A string on its way into an export: itself, or where it lies as JSON, so that it is copied and never decoded. */
export type Text = string | SpooledText;

/** A string of a spool. */
export class SpooledText {
  readonly spool: SpooledJson;
  readonly row: number;

  constructor(spool: SpooledJson, row: number) {
    this.spool = spool;
    this.row = row;
  }
}

/** The string itself. */
export function decoded(text: Text): string {
  return typeof text === 'string' ? text : text.spool.get(text.row);
}
