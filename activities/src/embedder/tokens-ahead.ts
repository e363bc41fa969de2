import type { Side } from '@quarry/workflows';
import { SideThread } from '../pool/side-thread.ts';
import type { ModelSettings } from './model-settings.ts';
import type { PackedTokens, TextsRequest } from './token-thread.ts';
import type { TokenRow } from './tokenizer.ts';

/** Texts that go to the thread together, at most: a message for each would cost as much as its tokens. */
const GROUP = 64;
/** A group of so many characters is sent too: before the first of long texts is ready, the owner waits. */
const GROUP_CHARACTERS = 8192;

interface Group {
  readonly side: Side;
  readonly texts: string[];
  characters: number;
  rows: Promise<readonly TokenRow[]> | null;
}

/**
 * Renders and tokenises texts in a thread of its own while the thread that owns it embeds. Memory: a second tokenizer, and
 * what is asked for and not yet taken.
 */
export class TokensAhead {
  /** Texts that should be asked for before the first of them is wanted. */
  readonly ahead = 8 * GROUP;
  readonly #thread: SideThread<TextsRequest, PackedTokens>;
  #open: Group | null = null;

  constructor(settings: ModelSettings) {
    this.#thread = new SideThread(new URL('./token-thread.js', import.meta.url), settings);
  }

  /** Asks for the tokens of a text; what comes back gives them, and rejects with the QuarryError of the tokens. */
  ask(text: string, side: Side): () => Promise<TokenRow> {
    if (this.#open?.side !== side) this.#open = { side, texts: [], characters: 0, rows: null };
    const group = this.#open;
    const place = group.texts.push(text) - 1;
    group.characters += text.length;
    if (group.texts.length === GROUP || group.characters >= GROUP_CHARACTERS) void this.#rowsOf(group);
    return async () => (await this.#rowsOf(group))[place]!;
  }

  close(): Promise<void> {
    return this.#thread.close();
  }

  #rowsOf(group: Group): Promise<readonly TokenRow[]> {
    if (group === this.#open) this.#open = null;
    if (group.rows === null) {
      group.rows = this.#thread.ask({ texts: group.texts, side: group.side }).then(unpacked);
      group.rows.catch(() => undefined);
    }
    return group.rows;
  }
}

function unpacked({ ids, lengths }: PackedTokens): readonly TokenRow[] {
  let end = 0;
  return Array.from(lengths, (length) => {
    const start = end;
    end += Math.abs(length);
    return { ids: Array.from(ids.subarray(start, end)), truncated: length < 0 };
  });
}
