import type { SpooledStrings } from './spooled-strings.ts';

/** A string on its way into an export: itself, or where it lies encoded, so that it is copied and never decoded. */
export type Text = string | SpooledText | PrefixedText;

/** A string of a spool. */
export class SpooledText {
  readonly spool: SpooledStrings;
  readonly row: number;

  constructor(spool: SpooledStrings, row: number) {
    this.spool = spool;
    this.row = row;
  }
}

/** A string with something before it, for instance the place of an image. */
export class PrefixedText {
  readonly prefix: string;
  readonly text: SpooledText;

  constructor(prefix: string, text: SpooledText) {
    this.prefix = prefix;
    this.text = text;
  }
}

export function prefixed(prefix: string, text: string | SpooledText): Text {
  return typeof text === 'string' ? prefix + text : new PrefixedText(prefix, text);
}

/** The string itself. */
export function decoded(text: Text): string {
  if (typeof text === 'string') return text;
  if (text instanceof PrefixedText) return text.prefix + decoded(text.text);
  return text.spool.get(text.row);
}

export function isEmpty(text: Text): boolean {
  return typeof text === 'string' ? text === '' : text instanceof SpooledText && text.spool.isEmpty(text.row);
}
