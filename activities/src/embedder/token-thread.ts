import { workerData } from 'node:worker_threads';
import type { Side } from '@quarry/workflows';
import { answerRequests } from '../pool/side-thread.ts';
import { loadTokens } from './load-tokens.ts';
import type { ModelSettings } from './model-settings.ts';

/** The entry of a thread that renders and tokenises texts: see `tokens-ahead.ts`. */

export interface TextsRequest {
  readonly texts: readonly string[];
  readonly side: Side;
}

/** Token rows of some texts, packed so that they are given away instead of copied. */
export interface PackedTokens {
  /** The ids of all rows, one row behind the other. */
  readonly ids: Int32Array;
  /** Tokens of each row; negative where the text was cut. */
  readonly lengths: Int32Array;
}

const loaded = loadTokens(workerData as ModelSettings);
loaded.catch(() => undefined);

answerRequests<TextsRequest, PackedTokens>(
  async ({ texts, side }) => {
    const { rowTokens } = await loaded;
    const rows = texts.map((text) => rowTokens({ text: text === '' ? null : text, image: null }, side));
    const lengths = Int32Array.from(rows, ({ ids, truncated }) => (truncated ? -ids.length : ids.length));
    return { ids: Int32Array.from(rows.flatMap(({ ids }) => ids)), lengths };
  },
  ({ ids, lengths }) => [ids.buffer as ArrayBuffer, lengths.buffer as ArrayBuffer],
);
