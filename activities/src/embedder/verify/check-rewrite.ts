import { join } from 'node:path';
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { LoadedModel } from '../loaded-model.ts';
import { ModelSession } from '../model-session.ts';
import type { GeneratorSettings } from '../model-settings.ts';
import { openSession } from '../open-session.ts';
import { LOGITS } from '../prepare/language-head.ts';
import { float32Of } from '../token-embedder.ts';
import { type Check, failed, ok } from './check.ts';
import { STATE, writeHeadGraph } from './head-graph.ts';
import { PROMPTS } from './prompts.ts';

/** Logits that differ by less than this share of their range count as a tie: quantised heads round. */
const TIE = 0.01;

/** The decoder that a prepared graph was made from. */
export interface Original {
  readonly directory: string;
  /** Path of the graph that offers logits. */
  readonly graph: string;
}

/**
 * Whether the prepared graph's vector is the state that the original's head reads: the head, fed with the vector, must
 * choose the token that the original chooses, on every prompt.
 */
export async function checkRewrite(
  model: LoadedModel,
  original: Original,
  scratch: string,
  threads: number,
): Promise<Check> {
  const name = 'rewrite';
  const { prefix, graph } = model.settings as GeneratorSettings;
  const settings = { ...(model.settings as GeneratorSettings), ...original, prefix: [] };
  const whole = await ModelSession.open(settings, 0, threads, [LOGITS]);
  const head = await openSession(
    await writeHeadGraph(join(original.directory, original.graph), scratch),
    threads,
  );
  const wrong: string[] = [];
  try {
    for (const text of PROMPTS) {
      const row = model.tokens({ text, image: null }, 'document');
      const vector = await model.run({ items: [row], rows: 1, length: row.ids.length });
      const ids = [...prefix, ...row.ids];
      const expected = lastRow(await whole.output([{ ...row, ids }], 1, ids.length), original.graph);
      const given = lastRow(
        await head.run(headFeeds(head, vector)).then((outputs) => outputs[LOGITS]!),
        original.graph,
      );
      const [best, ours] = [largest(expected), largest(given)];
      const range = expected[best]! - expected.reduce((least, value) => Math.min(least, value), Infinity);
      if (best === ours || expected[best]! - expected[ours]! <= TIE * range) continue;
      wrong.push(JSON.stringify(text.slice(0, 20)));
    }
  } finally {
    await whole.release();
    await head.release();
  }
  const of = `of ${PROMPTS.length} prompts`;
  if (wrong.length === 0)
    return ok(
      name,
      `the head of ${original.graph} chooses the original's token from the vector on ${PROMPTS.length} ${of}`,
    );
  return failed(
    name,
    `${graph}: the head of ${original.graph} chooses another token from the vector than the original on ${wrong.length} ${of} (${wrong.slice(0, 3).join(', ')}): the vector is not the state after the final norm at the last token; run quarry model prepare again`,
  );
}

/** A normalised state has about the length of a root mean square of one: heads with a bias or fixed scales need that. */
function headFeeds({ inputNames }: InferenceSession, vector: Float32Array): Record<string, Tensor> {
  const state = vector.map((value) => value * Math.sqrt(vector.length));
  const feeds: Record<string, Tensor> = { [STATE]: new Tensor('float32', state, [1, 1, state.length]) };
  if (inputNames.includes('num_logits_to_keep'))
    feeds.num_logits_to_keep = new Tensor('int64', BigInt64Array.of(0n), []);
  return feeds;
}

function lastRow(logits: Tensor, where: string): Float32Array {
  const vocabulary = logits.dims.at(-1)!;
  return float32Of(logits, where).slice(-vocabulary);
}

function largest(values: Float32Array): number {
  return values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);
}
