import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Tokenizer } from '@huggingface/tokenizers';
import { piecewise, type TokenizerFile } from '@quarry/activities/embedder/piecewise';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { shared } from '../../support/shared-data.ts';
import { tinyDirectory } from '../models/tiny-models.ts';

const mini = fileURLToPath(new URL('../../../activities/models/', import.meta.url));
const minilm = shared('data/models/all-MiniLM-L6-v2');
const DIRECTORIES = [
  join(mini, 'quarry-mini'),
  tinyDirectory('tiny-qwen3'),
  tinyDirectory('tiny-smolvlm'),
  ...(minilm ? [minilm] : []),
];

function read(directory: string): readonly [TokenizerFile, Tokenizer] {
  const file = JSON.parse(readFileSync(join(directory, 'tokenizer.json'), 'utf8'));
  const config = JSON.parse(readFileSync(join(directory, 'tokenizer_config.json'), 'utf8'));
  return [file, new Tokenizer(file, config)];
}

describe.each(DIRECTORIES)('in pieces (%s)', (directory) => {
  const [file, tokenizer] = read(directory);
  const inPieces = piecewise(tokenizer, file)!;

  test('the ids are those of the whole text', () => {
    const marks = fc.constantFrom(...file.added_tokens!.map(({ content }) => content));
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constantFrom(' ', '\n', 'user\n', 'a small dog', '  two  spaces ', '<|', 'im_start|>', 'Ünïcödé 猫'),
    );
    const prompts = fc.array(fc.oneof(marks, texts), { maxLength: 12 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(prompts, (prompt) => {
        expect(inPieces(prompt)).toEqual(tokenizer.encode(prompt, { add_special_tokens: false }).ids);
      }),
      { numRuns: 100 },
    );
  });
});

test('not where the first section of a text is treated otherwise, or a token takes white space with it', () => {
  const [file, tokenizer] = read(tinyDirectory('tiny-qwen3'));
  const metaspace = { type: 'Sequence', pretokenizers: [{ type: 'Metaspace', prepend_scheme: 'first' }] };
  expect(piecewise(tokenizer, { ...file, pre_tokenizer: metaspace })).toBeNull();
  const stripping = file.added_tokens!.map((token) => ({ ...token, lstrip: true }));
  expect(piecewise(tokenizer, { ...file, added_tokens: stripping })).toBeNull();
});
