import type { TextTokenizer } from '../embedder/tokenizer.ts';

/** A pair of texts as a cross-encoder reads it. */
export interface PairRow {
  readonly ids: readonly number[];
  /** 0 for the first text and its special tokens, 1 for the second. */
  readonly types: readonly number[];
}

/** Two texts, neither of which occurs in the other or in a special token. */
const PROBES = ['probe', 'other'] as const;

/**
 * Puts two texts between the model's special tokens, as its own tokenizer does (BERT: [CLS] a [SEP] b [SEP]; RoBERTa
 * twice the separator). What is too long is cut as Hugging Face's `longest_first` does: the longer text first, then both
 * to half.
 */
export class PairTokens {
  readonly #tokenizer: TextTokenizer;
  readonly #maxLength: number;
  readonly #before: readonly number[];
  readonly #between: readonly number[];
  readonly #after: readonly number[];
  /** Type of the second text's tokens. */
  readonly #second: number;

  constructor(tokenizer: TextTokenizer, maxLength: number) {
    this.#tokenizer = tokenizer;
    this.#maxLength = maxLength;
    const [first, second] = PROBES.map((text) => tokenizer.encode(text, false)) as [
      readonly number[],
      readonly number[],
    ];
    const { ids, types } = tokenizer.encodePair(...PROBES);
    const a = indexOf(ids, first, 0);
    const b = indexOf(ids, second, a + first.length);
    this.#before = ids.slice(0, a);
    this.#between = ids.slice(a + first.length, b);
    this.#after = ids.slice(b + second.length);
    this.#second = types[b] ?? 0;
  }

  encode(first: string, second: string): PairRow {
    const room = this.#maxLength - this.#before.length - this.#between.length - this.#after.length;
    const a = this.#tokens(first, room);
    const b = this.#tokens(second, room);
    const [forA, forB] = longestFirst(a.length, b.length, room);
    const head = [...this.#before, ...a.slice(0, forA), ...this.#between];
    const tail = [...b.slice(0, forB), ...this.#after];
    return {
      ids: [...head, ...tail],
      types: [...head.map(() => 0), ...tail.map(() => this.#second)],
    };
  }

  /** No more than what can be used of a text of megabytes. */
  #tokens(text: string, room: number): readonly number[] {
    return this.#tokenizer.encode(this.#tokenizer.beginning(text, room), false);
  }
}

/** How many tokens of each are kept of `a` and `b` where there is room for `room`: as in Hugging Face's tokenizers. */
export function longestFirst(a: number, b: number, room: number): readonly [number, number] {
  if (a + b <= room) return [a, b];
  const [short, long] = a <= b ? [a, b] : [b, a];
  const longer = short > room ? short : Math.max(short, room - short);
  const half = Math.floor(room / 2);
  const [keepShort, keepLong] =
    short + Math.min(long, longer) > room ? [half, half + (room % 2)] : [short, Math.min(long, longer)];
  return a <= b ? [keepShort, keepLong] : [keepLong, keepShort];
}

function indexOf(ids: readonly number[], wanted: readonly number[], from: number): number {
  const found = ids.findIndex((_, at) => at >= from && wanted.every((id, i) => ids[at + i] === id));
  return found < 0 ? from : found;
}
