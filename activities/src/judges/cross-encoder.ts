import { join } from 'node:path';
import { TextTokenizer } from '../embedder/tokenizer.ts';
import { QuarryError } from '../failures.ts';
import { JudgeGraph } from './judge-graph.ts';
import type { CrossEncoderSettings, Judge, TextPair } from './judge-model.ts';
import { PairTokens } from './pair-tokens.ts';
import { batchesOf } from './score-in-batches.ts';

/**
 * A cross-encoder: BERT-like, one logit (sentence-transformers' `CrossEncoder` with `num_labels=1`) or two (no, yes). Its
 * score is the logit, or the difference of the two: log-odds, so that the sigmoid is the model's own probability.
 */
export class CrossEncoder implements Judge {
  readonly #settings: CrossEncoderSettings;
  readonly #graph: JudgeGraph;
  readonly #tokens: PairTokens;

  static async load(settings: CrossEncoderSettings, threads: number): Promise<CrossEncoder> {
    const tokenizer = await TextTokenizer.load(settings.directory);
    const path = join(settings.directory, settings.graph);
    const graph = await JudgeGraph.open(path, tokenizer.padId, { heads: null, dimension: null }, threads);
    return new CrossEncoder(settings, graph, new PairTokens(tokenizer, settings.maxLength));
  }

  private constructor(settings: CrossEncoderSettings, graph: JudgeGraph, tokens: PairTokens) {
    this.#settings = settings;
    this.#graph = graph;
    this.#tokens = tokens;
  }

  async score(pairs: readonly TextPair[], stop: () => void): Promise<Float32Array> {
    const scores = new Float32Array(pairs.length);
    const encoded = pairs.map(({ query, document }) => this.#tokens.encode(query, document));
    const lengths = encoded.map(({ ids }) => ids.length);
    for (const { places, rows, length } of batchesOf(lengths, this.#settings.maxLength)) {
      stop();
      const items = places.map((place) => encoded[place]!);
      const { data, shape } = await this.#graph.run(items, rows, length);
      const labels = this.#labels(shape);
      for (const [row, place] of places.entries())
        scores[place] = this.#activated(labels === 1 ? data[row]! : data[2 * row + 1]! - data[2 * row]!);
    }
    return scores;
  }

  #activated(logOdds: number): number {
    return this.#settings.activation === 'sigmoid' ? 1 / (1 + Math.exp(-logOdds)) : logOdds;
  }

  release(): Promise<void> {
    return this.#graph.release();
  }

  #labels(shape: readonly number[]): 1 | 2 {
    const labels = shape.length === 1 ? 1 : shape.at(-1);
    if (shape.length <= 2 && (labels === 1 || labels === 2)) return labels;
    const { directory, graph } = this.#settings;
    const found = shape.length === 3 ? 'a token classifier or a language model' : `${labels} classes`;
    throw new QuarryError(
      'BadModel',
      `${directory}/${graph}: logits of shape ${shape.join(' x ')} (${found}); a cross-encoder gives one logit per pair, or two (no, yes): export it with num_labels=1`,
    );
  }
}
