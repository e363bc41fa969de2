import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { QuarryError } from '../failures.ts';
import { piecewise } from './piecewise.ts';

/** Token ids of one row, as they go into the graph. */
export interface TokenRow {
  readonly ids: readonly number[];
  /** The text was longer and was cut. */
  readonly truncated: boolean;
}

type InPieces = (text: string) => readonly number[];

/** Characters looked at per token wanted, at first; texts far beyond the cut are not tokenised whole. */
const CHARACTERS_PER_TOKEN = 32;
/** Tokens by which the beginning of a text must exceed the cut: its last ones may differ from those of the whole. */
const SLACK = 16;

/** A `tokenizer.json` with its `tokenizer_config.json`. */
export class TextTokenizer {
  /** Pads rows; masked, so that any id would do. */
  readonly padId: number;
  readonly #tokenizer: Tokenizer;
  readonly #inPieces: InPieces | null;
  /** Special tokens around a text. */
  readonly #before: number;
  readonly #after: number;

  /**
   * @param origin directory that the user knows, for messages
   * @throws QuarryError BadModel where the library does not understand the files
   */
  static async load(directory: string, origin = directory): Promise<TextTokenizer> {
    const path = join(directory, 'tokenizer.json');
    const config = await readFile(join(directory, 'tokenizer_config.json'), 'utf8').catch(() => '{}');
    try {
      const files = [JSON.parse(await readFile(path, 'utf8')), JSON.parse(config)] as const;
      const tokenizer = new Tokenizer(...files);
      return new TextTokenizer(tokenizer, files[1].pad_token, piecewise(tokenizer, files[0]));
    } catch (cause) {
      throw new QuarryError(
        'BadModel',
        `${join(origin, 'tokenizer.json')}: not understood (${(cause as Error).message}); fetch the model's own file anew`,
        { cause },
      );
    }
  }

  constructor(tokenizer: Tokenizer, padToken: unknown, inPieces: InPieces | null = null) {
    this.#tokenizer = tokenizer;
    this.#inPieces = inPieces;
    const pad =
      typeof padToken === 'object' && padToken ? (padToken as { content?: unknown }).content : padToken;
    this.padId = (typeof pad === 'string' ? tokenizer.token_to_id(pad) : undefined) ?? 0;
    const bare = this.encode('a', false);
    const whole = this.encode('a', true);
    this.#before = Math.max(0, bare.length > 0 ? whole.indexOf(bare[0]!) : 0);
    this.#after = whole.length - this.#before - bare.length;
  }

  /** Ids of the whole text. */
  encode(text: string, specialTokens: boolean): readonly number[] {
    if (!specialTokens && this.#inPieces !== null) return this.#inPieces(text);
    return this.#tokenizer.encode(text, { add_special_tokens: specialTokens }).ids;
  }

  /** The text of some ids, as far as it can be told. */
  decode(ids: readonly number[]): string {
    return this.#tokenizer.decode([...ids], {
      skip_special_tokens: false,
      clean_up_tokenization_spaces: false,
    });
  }

  /** Ids of two texts between the model's special tokens, and which of them each belongs to. */
  encodePair(
    first: string,
    second: string,
  ): { readonly ids: readonly number[]; readonly types: readonly number[] } {
    const { ids, token_type_ids } = this.#tokenizer.encode(first, {
      text_pair: second,
      return_token_type_ids: true,
    });
    // Tokenizers without token types give none.
    return { ids, types: (token_type_ids as number[] | undefined) ?? ids.map(() => 0) };
  }

  /** Ids of a text between the model's special tokens, its end cut so that they are `maxLength` at most. */
  encodeWithin(text: string, maxLength: number): TokenRow {
    const ids = this.encode(this.beginning(text, maxLength), true);
    if (ids.length <= maxLength) return { ids, truncated: false };
    const end = Math.max(this.#before, maxLength - this.#after);
    return { ids: [...ids.slice(0, end), ...ids.slice(ids.length - this.#after)], truncated: true };
  }

  /**
   * The text, or a beginning of it that ends before white space and has at least the first `tokens` tokens of the whole:
   * so that a text of megabytes costs no more than what is used of it.
   */
  beginning(text: string, tokens: number): string {
    for (let length = CHARACTERS_PER_TOKEN * (tokens + SLACK); length < text.length; length *= 2) {
      const end = text.slice(0, length).search(/\s\S*$/u);
      if (end > 0) {
        const start = text.slice(0, end);
        if (this.encode(start, false).length >= tokens + SLACK) return start;
      }
    }
    return text;
  }
}
