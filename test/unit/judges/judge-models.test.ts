import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OnnxFile } from '@quarry/activities/embedder/onnx/onnx-file';
import { writeEmbeddingGraph } from '@quarry/activities/embedder/prepare/embedding-graph';
import { CrossEncoder } from '@quarry/activities/judges/cross-encoder';
import { GeneratorJudge } from '@quarry/activities/judges/generator-judge';
import type { GeneratorJudgeSettings, TextPair } from '@quarry/activities/judges/judge-model';
import { longestFirst } from '@quarry/activities/judges/pair-tokens';
import { judgedAtMost } from '@quarry/workflows/judges';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

/** Tiny models with random weights and what torch says of some pairs; `fixtures/make.py` makes them. */
const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
const go = (): void => undefined;

async function expected(name: string): Promise<(TextPair & { readonly score: number })[]> {
  return JSON.parse(await readFile(join(fixture(name), 'expected.json'), 'utf8'));
}

const crossEncoder = (name: string, graph = 'onnx/model.onnx') =>
  CrossEncoder.load({ kind: 'cross_encoder', directory: fixture(name), graph, maxLength: 48 }, 1);

const asked: GeneratorJudgeSettings = {
  kind: 'judge',
  directory: fixture('generator'),
  graph: 'onnx/model.onnx',
  maxLength: 128,
  instruction: 'Judge the document . answer yes no',
  answers: ['yes', 'no'],
  chatTemplate: null,
  tokenizerConfig: {},
  heads: 1,
  headDimension: 8,
};

describe.each([
  ['cross-encoder-1', 'one logit', () => crossEncoder('cross-encoder-1')],
  ['cross-encoder-2', 'the difference of two logits', () => crossEncoder('cross-encoder-2')],
  ['generator', 'yes against no at the last token', () => GeneratorJudge.load(asked, 1)],
] as const)('%s: %s', (name, _, load) => {
  test('is what torch gives, also for pairs that are cut', async () => {
    const judge = await load();
    const pairs = await expected(name);
    const scores = await judge.score(pairs, go);
    for (const [i, { score }] of pairs.entries()) expect(scores[i]).toBeCloseTo(score, 4);
    expect(new Set(scores).size).toBe(pairs.length);
    await judge.release();
  });

  test('is the same bits whatever else is judged', async () => {
    const judge = await load();
    const pairs = await expected(name);
    const together = await judge.score([...pairs, ...pairs.slice().reverse()], go);
    for (const [i, pair] of pairs.entries()) {
      const [alone] = await judge.score([pair], go);
      expect(together[i]).toBe(alone);
      expect(together[2 * pairs.length - 1 - i]).toBe(alone);
    }
    await judge.release();
  });
});

describe('models that cannot judge are refused with the reason', () => {
  const pair = { query: 'what is lift', document: 'a wing' };

  test('a language model as cross-encoder', async () => {
    const wrong = await crossEncoder('generator');
    await expect(wrong.score([pair], go)).rejects.toMatchObject({
      code: 'BadModel',
      message: expect.stringMatching(
        /logits of shape \d+ x \d+ x \d+ \(a token classifier or a language model\).*num_labels=1/,
      ),
    });
    await wrong.release();
  });

  test('a cross-encoder as generator', async () => {
    const judge = GeneratorJudge.load({ ...asked, directory: fixture('cross-encoder-1') }, 1);
    await expect((await judge).score([pair], go)).rejects.toThrow(
      /logits of shape 1 x 1; a generator gives one per token/,
    );
  });

  test('an embedding model', async () => {
    const source = fileURLToPath(new URL('../../fixtures/models/tiny-llama', import.meta.url));
    const directory = await mkdtemp(join(tmpdir(), 'quarry-judge-'));
    await cp(source, directory, { recursive: true });
    const graph = 'onnx/embedding.onnx';
    await writeEmbeddingGraph(OnnxFile.read(join(source, 'onnx/model.onnx')), join(directory, graph));
    await expect(GeneratorJudge.load({ ...asked, directory, graph }, 1)).rejects.toThrow(
      /gives hidden states: an embedding model cannot judge/,
    );
    await rm(directory, { recursive: true });
  });

  test('answers that begin alike, a prompt that leaves no room, a graph that is none', async () => {
    await expect(GeneratorJudge.load({ ...asked, answers: ['yes', 'yes it is'] }, 1)).rejects.toThrow(
      /begin with the same token; choose two others in mining.judge.answers/,
    );
    const short = await GeneratorJudge.load({ ...asked, maxLength: 12 }, 1);
    await expect(short.score([pair], go)).rejects.toThrow(/maxLength: 12 tokens have no room for a document/);
    await short.release();
    await expect(crossEncoder('cross-encoder-1', 'config.json')).rejects.toThrow(
      /onnxruntime cannot load it/,
    );
  });
});

test('two texts are cut as Hugging Face cuts the longest first', () => {
  // From tokenizers 0.23: lengths kept of (a, b) with so much room.
  for (const [a, b, room, kept] of [
    [3, 4, 10, [3, 4]],
    [3, 20, 10, [3, 7]],
    [20, 3, 10, [7, 3]],
    [20, 20, 10, [5, 5]],
    [20, 21, 11, [5, 6]],
    [6, 20, 10, [5, 5]],
  ] as const)
    expect(longestFirst(a, b, room)).toEqual(kept);
  fc.assert(
    fc.property(fc.nat(50), fc.nat(50), fc.integer({ min: 2, max: 60 }), (a, b, room) => {
      const [keptA, keptB] = longestFirst(a, b, room);
      return keptA <= a && keptB <= b && keptA + keptB === Math.min(a + b, room);
    }),
  );
});

test('a budget is spread evenly over the queries and spent whole', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.integer({ min: 1, max: 200 }), (rows, queries) => {
      const each = Array.from({ length: queries }, (_, query) => judgedAtMost(rows, query, queries));
      expect(each.reduce((sum, n) => sum + n, 0)).toBe(rows);
      expect(Math.max(...each) - Math.min(...each)).toBeLessThanOrEqual(1);
    }),
  );
  expect(judgedAtMost(undefined, 0, 1)).toBe(Number.POSITIVE_INFINITY);
});
