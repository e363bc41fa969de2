import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModel } from '@quarry/activities/embedder/describe-model';
import { embedRows, type RowSources } from '@quarry/activities/embedder/embed-rows';
import { LoadedModel } from '@quarry/activities/embedder/loaded-model';
import { TokensAhead } from '@quarry/activities/embedder/tokens-ahead';
import type { Dependencies } from '@quarry/activities/stages/stage-context';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinyDirectory } from './tiny-models.ts';

/** More than a message to the thread takes, of many lengths; one is cut, one is empty, one comes again. */
const TEXTS = Array.from({ length: 150 }, (_, i) => 'the quick brown fox jumps '.repeat(i % 7) + i)
  .concat('', 'heat '.repeat(600), 'another text')
  .concat('another text');

describe('tokens that a thread prepares ahead', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'quarry-ahead-'));
  let model: LoadedModel;

  beforeAll(async () => {
    const job = { kind: 'generator', path: tinyDirectory('tiny-qwen3'), prompt: 'hierarchical' } as const;
    const { settings } = await openModel({ scratch } as Dependencies, job);
    model = await LoadedModel.load({ ...settings, maxLength: 300 }, 1);
  });
  afterAll(async () => {
    await model.release();
    rmSync(scratch, { recursive: true });
  });

  test.each(['query', 'document'] as const)('are those of the model itself, for a %s', async (side) => {
    const ahead = model.tokensAhead();
    const asked = TEXTS.map((text) => ahead.ask(text, side));
    const rows = await Promise.all(asked.map((row) => row()));
    expect(rows.some(({ truncated }) => truncated)).toBe(true);
    for (const [i, text] of TEXTS.entries()) {
      const { ids, truncated } = model.tokens({ text: text === '' ? null : text, image: null }, side);
      expect(rows[i]).toEqual({ ids, truncated });
    }
  });

  test('give the same files as tokens in between', async () => {
    const ahead = await embedded({ images: null, texts: model.tokensAhead() });
    expect(ahead).toEqual(await embedded({ images: null, texts: null }));
    expect(ahead.figures).toMatchObject({ rows: TEXTS.length, truncated: 1 });
  });

  test('fail with the message of the model', async () => {
    const small = new TokensAhead({ ...model.settings, maxLength: 5 });
    await expect(small.ask('a text', 'query')()).rejects.toMatchObject({
      code: 'BadModel',
      message: expect.stringMatching(/^model\.maxLength: 5 tokens have no room for a text/),
    });
    await small.close();
  });

  async function embedded(sources: RowSources) {
    const target = { vectors: join(scratch, 'v.npy'), hashes: join(scratch, 'h.npy'), rows: TEXTS.length };
    async function* chunks() {
      for (let i = 0; i < TEXTS.length; i += 40)
        yield TEXTS.slice(i, i + 40).map((text, j) => ({ id: `${i + j}`, text, image: null }));
    }
    const control = { aborted: false, progress: () => {} };
    const figures = await embedRows(model, chunks(), 'document', target, control, sources);
    const [vectors, hashes] = await Promise.all(
      [target.vectors, target.hashes].map((path) => readFile(path)),
    );
    return { figures, vectors: vectors!.toString('hex'), hashes: hashes!.toString('hex') };
  }
});
