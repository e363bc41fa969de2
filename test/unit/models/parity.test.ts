import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chatRenderer } from '@quarry/activities/embedder/chat-template';
import { openModel } from '@quarry/activities/embedder/describe-model';
import { paddedLength } from '@quarry/activities/embedder/fixed-shapes';
import { LoadedModel } from '@quarry/activities/embedder/loaded-model';
import { readModelFiles } from '@quarry/activities/embedder/model-files';
import { normalise } from '@quarry/activities/embedder/pooling';
import { userTurn } from '@quarry/activities/embedder/prompt';
import type { Dependencies } from '@quarry/activities/stages/stage-context';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GoldenRow, goldenRows, syntheticImage, TINY, tinyDirectory } from './tiny-models.ts';

const scratch = mkdtempSync(join(tmpdir(), 'quarry-parity-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Cosine distance below which vectors count as equal (issue 5). */
const TOLERANCE = 1e-4;

describe.each(TINY)('%s, as exported, against transformers', (name) => {
  const rows = goldenRows(name);
  let model: LoadedModel;

  beforeAll(async () => {
    const job = { kind: 'generator', path: tinyDirectory(name), prompt: 'hierarchical' } as const;
    const { settings } = await openModel({ scratch } as Dependencies, { ...job, maxPixels: 128 * 128 });
    model = await LoadedModel.load(settings, 1);
  });
  afterAll(() => model?.release());

  const tokens = (row: GoldenRow) => model.tokens({ text: row.text, image: syntheticImage(row) }, row.side);

  test('reads the same ids, images and mixed rows too', () => {
    for (const row of rows) expect(tokens(row)).toMatchObject({ ids: row.ids, truncated: false });
  });

  test('renders prompts as its own template does, byte for byte', async () => {
    const { settings } = model;
    if (settings.kind !== 'generator') throw new Error('not a generator');
    const { tokenizerConfig } = await readModelFiles(settings.directory, null);
    const render = chatRenderer(settings.chatTemplate, tokenizerConfig, settings.vision !== null);
    for (const { text, image, side, rendered } of rows) {
      const content = { text: text ?? '', image: image !== null };
      expect(render(settings.prompt.system, userTurn(settings.prompt, content, side))).toBe(rendered);
      if (name !== 'tiny-qwen2-vl') continue;
      // Gen2Embed's literal string (shared/reference/saha.md), the image token where the text says.
      const placed =
        (content.image && !content.text.includes('<|image_1|>') ? '<|image_1|>' : '') + content.text;
      const vision = placed.replace('<|image_1|>', '<|vision_start|><|image_pad|><|vision_end|>');
      const what = content.image ? 'text/image' : 'text';
      const suffix = side === 'query' ? `\nRepresent the given ${what} in one word.` : '';
      expect(rendered).toBe(
        `<|im_start|>system\n${settings.prompt.system}<|im_end|>\n<|im_start|>user\n${vision}${suffix}<|im_end|>\n<|im_start|>assistant\n`,
      );
    }
  });

  test('gives the same vectors alone', async () => {
    for (const row of rows) {
      const item = tokens(row);
      const vector = await model.run({ items: [item], rows: 1, length: item.ids.length });
      expect(distance(vector, row)).toBeLessThan(TOLERANCE);
      // Random weights: another row's vector is far away.
      const others = rows.filter(({ ids }) => ids.join() !== row.ids.join());
      for (const other of others) expect(distance(vector, other)).toBeGreaterThan(20 * TOLERANCE);
    }
  });

  test('gives the same vectors in a batch of 16 of unequal lengths, images among them', async () => {
    const chosen = rows.slice(-16);
    const items = chosen.map(tokens);
    const longest = Math.max(...items.map(({ ids }) => ids.length));
    const vectors = await model.run({ items, rows: 16, length: paddedLength(longest, Infinity) });
    for (const [i, row] of chosen.entries()) {
      const size = row.state.length;
      expect(distance(vectors.subarray(i * size, (i + 1) * size), row)).toBeLessThan(TOLERANCE);
    }
    expect(model.oneRowAtATime).toBe(false);
  });
});

function distance(vector: Float32Array, { state }: GoldenRow): number {
  const expected = Float32Array.from(state);
  normalise(expected);
  expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
  return 1 - vector.reduce((sum, value, i) => sum + value * expected[i]!, 0);
}
