import { join } from 'node:path';
import { chatRenderer, type RenderChat } from '../embedder/chat-template.ts';
import { longestFit } from '../embedder/longest-fit.ts';
import { TextTokenizer } from '../embedder/tokenizer.ts';
import { QuarryError } from '../failures.ts';
import { JudgeGraph } from './judge-graph.ts';
import type { GeneratorJudgeSettings, Judge, TextPair } from './judge-model.ts';
import { batchesOf } from './score-in-batches.ts';

/** Bytes of logits of one batch. */
const LOGIT_BYTES = 256 * 2 ** 20;

/**
 * A generator as judge: asked whether the document answers the query, its score is the log-odds of the two answers' first
 * tokens at the place where it would begin to answer, by its own LM head. Nothing is generated.
 *
 * What is too long loses the end of the document; the prompt stays whole, because its last token is the one that counts.
 */
export class GeneratorJudge implements Judge {
  readonly #settings: GeneratorJudgeSettings;
  readonly #graph: JudgeGraph;
  readonly #tokenizer: TextTokenizer;
  readonly #render: RenderChat;
  readonly #answers: readonly [yes: number, no: number];
  #vocabulary = 1;

  static async load(settings: GeneratorJudgeSettings, threads: number): Promise<GeneratorJudge> {
    const tokenizer = await TextTokenizer.load(settings.directory);
    const render = chatRenderer(settings.chatTemplate, settings.tokenizerConfig, false, settings.directory);
    const path = join(settings.directory, settings.graph);
    const sizes = { heads: settings.heads, dimension: settings.headDimension };
    const graph = await JudgeGraph.open(path, tokenizer.padId, sizes, threads);
    return new GeneratorJudge(settings, graph, tokenizer, render);
  }

  private constructor(
    settings: GeneratorJudgeSettings,
    graph: JudgeGraph,
    tokenizer: TextTokenizer,
    render: RenderChat,
  ) {
    this.#settings = settings;
    this.#graph = graph;
    this.#tokenizer = tokenizer;
    this.#render = render;
    this.#answers = this.#answerTokens();
  }

  async score(pairs: readonly TextPair[], stop: () => void): Promise<Float32Array> {
    const scores = new Float32Array(pairs.length);
    const encoded = pairs.map((pair) => ({ ids: this.#tokens(pair) }));
    const lengths = encoded.map(({ ids }) => ids.length);
    await this.#learnVocabulary(encoded[0]?.ids);
    const mostRows = (length: number): number => Math.floor(LOGIT_BYTES / (4 * this.#vocabulary * length));
    for (const { places, rows, length } of batchesOf(lengths, this.#settings.maxLength, mostRows)) {
      stop();
      const items = places.map((place) => encoded[place]!);
      const { data, shape } = await this.#graph.run(items, rows, length);
      const [yes, no] = this.#answers;
      for (const [row, place] of places.entries()) {
        const last = (row * length + items[row]!.ids.length - 1) * this.#checked(shape);
        scores[place] = data[last + yes]! - data[last + no]!;
      }
    }
    return scores;
  }

  release(): Promise<void> {
    return this.#graph.release();
  }

  /** How large the logits are is known after one token. */
  async #learnVocabulary(ids: readonly number[] | undefined): Promise<void> {
    if (this.#vocabulary > 1 || !ids) return;
    const { shape } = await this.#graph.run([{ ids: ids.slice(0, 1) }], 1, 1);
    this.#vocabulary = this.#checked(shape);
  }

  #checked(shape: readonly number[]): number {
    const vocabulary = shape.at(-1)!;
    if (shape.length === 3 && vocabulary > Math.max(...this.#answers)) return vocabulary;
    throw new QuarryError(
      'BadModel',
      `${this.#where}: logits of shape ${shape.join(' x ')}; a generator gives one per token and word of its vocabulary`,
    );
  }

  get #where(): string {
    return join(this.#settings.directory, this.#settings.graph);
  }

  #answerTokens(): readonly [number, number] {
    const [yes, no] = this.#settings.answers.map((answer) => this.#tokenizer.encode(answer, false)[0]);
    if (yes !== undefined && no !== undefined && yes !== no) return [yes, no];
    throw new QuarryError(
      'BadModel',
      `${this.#settings.directory}: the answers ${JSON.stringify(this.#settings.answers)} begin with the same token; choose two others in mining.judge.answers`,
    );
  }

  /** The prompt stays whole; of the document as much as fits. */
  #tokens({ query, document }: TextPair): readonly number[] {
    const { instruction, maxLength } = this.#settings;
    const encode = (text: string): readonly number[] => {
      const turn = [{ type: 'text', text: `Query: ${query}\nDocument: ${text}` }] as const;
      return this.#tokenizer.encode(this.#render(instruction, turn), false);
    };
    const beginning = this.#tokenizer.beginning(document, maxLength);
    const whole = encode(beginning);
    if (whole.length <= maxLength) return whole;
    const prompt = encode('').length;
    if (prompt <= maxLength) return longestFit(beginning, encode, maxLength);
    throw new QuarryError(
      'BadModel',
      `mining.judge.maxLength: ${maxLength} tokens have no room for a document: prompt and query alone take ${prompt} (query ${JSON.stringify(query.slice(0, 60))}); raise it`,
    );
  }
}
