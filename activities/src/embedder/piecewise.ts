import type { Tokenizer } from '@huggingface/tokenizers';

/** What of a tokenizer.json says whether texts may be cut at its added tokens. */
export interface TokenizerFile {
  readonly added_tokens?: readonly {
    readonly id: number;
    readonly content: string;
    readonly normalized?: boolean;
    readonly lstrip?: boolean;
    readonly rstrip?: boolean;
    readonly single_word?: boolean;
  }[];
  readonly pre_tokenizer?: unknown;
}

/** More added tokens than that make the search for them slower than what it saves. */
const MOST_TOKENS = 512;
/** Pieces of which the ids are kept: those of a prompt come with every row. */
const KEPT = 64;

/**
 * Encodes texts in pieces between added tokens, and remembers the pieces used last: of a rendered prompt only the text of
 * the row is new. The ids are those of the whole text, because tokenizers cut at added tokens first and look at each
 * section alone. Not so with Metaspace, which treats the first section otherwise, and where added tokens take white
 * space with them: then null.
 *
 * @returns the ids of a text, without the tokens that are put around it
 */
export function piecewise(
  tokenizer: Tokenizer,
  { added_tokens: added = [], pre_tokenizer }: TokenizerFile,
): ((text: string) => readonly number[]) | null {
  const alone = added.every(
    (token) => !(token.normalized || token.lstrip || token.rstrip || token.single_word),
  );
  const metaspace = JSON.stringify(pre_tokenizer ?? null).includes('"Metaspace"');
  if (added.length === 0 || added.length > MOST_TOKENS || !alone || metaspace) return null;
  const ids = new Map(added.map(({ content, id }) => [content, id]));
  // The longest of those that begin at a place, as the tokenizer's own search finds.
  const longestFirst = [...ids.keys()].sort((a, b) => b.length - a.length).map(escaped);
  const cut = new RegExp(`(${longestFirst.join('|')})`, 'u');
  const kept = new Map<string, readonly number[]>();
  const idsOf = (piece: string): readonly number[] => {
    const known = kept.get(piece) ?? tokenizer.encode(piece, { add_special_tokens: false }).ids;
    kept.delete(piece);
    kept.set(piece, known);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
    return known;
  };
  return (text) =>
    text.split(cut).flatMap((piece) => {
      if (piece === '') return [];
      return ids.get(piece) ?? idsOf(piece);
    });
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
