import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chatRenderer } from '@quarry/activities/embedder/chat-template';
import { generatorTokens } from '@quarry/activities/embedder/generator-tokens';
import { resolvePrompt } from '@quarry/activities/embedder/prompt';
import { encoderTokens, type RowTokens } from '@quarry/activities/embedder/row-tokens';
import { TextTokenizer, type TokenRow } from '@quarry/activities/embedder/tokenizer';
import type { Side } from '@quarry/workflows';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';

const mini = fileURLToPath(new URL('../../../activities/models/quarry-mini/', import.meta.url));
const settings = {
  directory: mini,
  graph: 'onnx/model.onnx',
  dimension: 256,
  oneRowAtATime: false,
  device: { name: 'cpu', id: 0 },
} as const;

type TextTokens = (text: string, side: Side) => TokenRow;

/** Tokens of texts without images, less the image. */
function ofText(rowTokens: RowTokens): TextTokens {
  return (text, side) => {
    const { ids, truncated } = rowTokens({ text, image: null }, side);
    return { ids, truncated };
  };
}

const TEXT_ONLY = {
  embedTokens: null,
  visionEncoder: null,
  vision: null,
  prefix: [],
  keyValueHeads: 2,
  headDimension: 64,
  vocabulary: 12_000,
};

describe('a generator', () => {
  let tokenizer: TextTokenizer;
  let tokens: TextTokens;
  const prompt = resolvePrompt('hierarchical');
  const render = chatRenderer(null, {});
  const forLength = (maxLength: number): TextTokens =>
    ofText(
      generatorTokens(
        {
          ...settings,
          kind: 'generator',
          pooling: 'last',
          prompt,
          chatTemplate: null,
          ...TEXT_ONLY,
          maxLength,
        },
        tokenizer,
        render,
      ),
    );

  beforeAll(async () => {
    tokenizer = await TextTokenizer.load(mini);
    tokens = forLength(80);
  });

  test('reads the whole rendered prompt where it fits', () => {
    const { ids, truncated } = tokens('a small domesticated animal', 'document');
    expect(truncated).toBe(false);
    expect(ids).toEqual(
      tokenizer.encode(render(prompt.system, [{ type: 'text', text: 'a small domesticated animal' }]), false),
    );
  });

  test('loses the end of a long text, never of the prompt', () => {
    const suffix = tokenizer.encode(
      '\nRepresent the given text in one word.<|im_end|>\n<|im_start|>assistant\n',
      false,
    );
    for (const text of ['word '.repeat(500), 'ein zwei, drei! '.repeat(20_000), 'a,'.repeat(3000)]) {
      const { ids, truncated } = tokens(text, 'query');
      expect(truncated).toBe(true);
      expect(ids.length).toBeLessThanOrEqual(80);
      expect(ids.slice(-suffix.length)).toEqual(suffix);
    }
    expect(tokens('word '.repeat(500), 'query').ids).toHaveLength(80);
  });

  test('never exceeds the length, and keeps what fits, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), (text) => {
        const whole = tokenizer.encode(render(prompt.system, [{ type: 'text', text }]), false);
        const { ids, truncated } = tokens(text, 'document');
        expect(truncated).toBe(whole.length > 80);
        if (truncated) expect(ids.length).toBeLessThanOrEqual(80);
        else expect(ids).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  test('is refused where the tokenizer gives an id that the model does not know', () => {
    const small = { ...TEXT_ONLY, vocabulary: 100 };
    const rows = generatorTokens(
      {
        ...settings,
        kind: 'generator',
        pooling: 'last',
        prompt,
        chatTemplate: null,
        ...small,
        maxLength: 80,
      },
      tokenizer,
      render,
    );
    expect(() => rows({ text: 'a cat', image: null }, 'document')).toThrow(
      /tokenizer\.json gives the token id \d+, but the model knows 100 \(vocab_size/,
    );
  });

  test('is refused where the prompt alone fills the length', () => {
    expect(() => forLength(20)).toThrow(
      /model\.maxLength: 20 tokens have no room.*prompt of a query alone takes \d+/,
    );
  });
});

describe('an encoder', () => {
  /** Words by white space; [CLS] = 1 and [SEP] = 2 around them. */
  const TOKENIZER = {
    version: '1.0',
    added_tokens: [],
    normalizer: { type: 'Lowercase' },
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: { type: 'BertProcessing', cls: ['[CLS]', 1], sep: ['[SEP]', 2] },
    decoder: null,
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: { '[UNK]': 0, '[CLS]': 1, '[SEP]': 2, query: 3, a: 4, b: 5, c: 6 },
    },
  };
  let tokens: TextTokens;

  beforeAll(async () => {
    const directory = mkdtempSync(join(tmpdir(), 'quarry-tokenizer-'));
    writeFileSync(join(directory, 'tokenizer.json'), JSON.stringify(TOKENIZER));
    const tokenizer = await TextTokenizer.load(directory);
    rmSync(directory, { recursive: true });
    tokens = ofText(
      encoderTokens(
        {
          ...settings,
          kind: 'encoder',
          pooling: 'mean',
          queryPrefix: 'query ',
          documentPrefix: '',
          maxLength: 6,
        },
        tokenizer,
      ),
    );
  });

  test('puts the prefix of the side before the text', () => {
    expect(tokens('a b', 'query')).toEqual({ ids: [1, 3, 4, 5, 2], truncated: false });
    expect(tokens('a b', 'document')).toEqual({ ids: [1, 4, 5, 2], truncated: false });
    expect(tokens('', 'document')).toEqual({ ids: [1, 2], truncated: false });
  });

  test('cuts the end and keeps its special tokens', () => {
    expect(tokens('a b c a', 'document')).toEqual({ ids: [1, 4, 5, 6, 4, 2], truncated: false });
    expect(tokens('a b c a b', 'document')).toEqual({ ids: [1, 4, 5, 6, 4, 2], truncated: true });
    expect(tokens('a b c a b', 'query')).toEqual({ ids: [1, 3, 4, 5, 6, 2], truncated: true });
  });

  test('cuts a text of megabytes as the whole would be cut, without tokenising it whole', () => {
    const text = 'c b '.repeat(1_000_000);
    const started = performance.now();
    expect(tokens(text, 'document')).toEqual({ ids: [1, 6, 5, 6, 5, 2], truncated: true });
    expect(performance.now() - started).toBeLessThan(500);
    expect(tokens('x'.repeat(100_000), 'document')).toEqual({ ids: [1, 0, 2], truncated: false });
    expect(tokens(`${'x'.repeat(100_000)} a b`, 'document')).toEqual({
      ids: [1, 0, 4, 5, 2],
      truncated: false,
    });
  });
});
