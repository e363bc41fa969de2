import { styleText } from 'node:util';

export type Look = 'bold' | 'dim' | 'green' | 'cyan' | 'red' | 'yellow';

/** Text in a look, or as it is where there are no colours. */
export type Style = (look: Look, text: string) => string;

/** Colours for a stream that shows them. */
export function styleFor(stream: { readonly isTTY?: boolean }, allowed: boolean): Style {
  return allowed && stream.isTTY ? (look, text) => styleText(look, text) : (_, text) => text;
}
