/** A model that judges pairs of a query and a document: what the kernel needs, structured-cloneable. */
export type JudgeSettings = CrossEncoderSettings | GeneratorJudgeSettings;

interface Common {
  /** Local directory. */
  readonly directory: string;
  /** The graph's path inside it. */
  readonly graph: string;
  /** Tokens of a pair at most, special ones and prompt included. */
  readonly maxLength: number;
}

/** From log-odds to a score. */
export type Activation = 'sigmoid' | 'identity';

/** BERT-like: reads both texts at once, gives one logit, or one per class of (no, yes). */
export interface CrossEncoderSettings extends Common {
  readonly kind: 'cross_encoder';
  /** Default: log-odds stay what they are. */
  readonly activation?: Activation;
}

/** A decoder with its own LM head, asked a question whose answer is one of two words. */
export interface GeneratorJudgeSettings extends Common {
  readonly kind: 'judge';
  /** The system turn. */
  readonly instruction: string;
  /** The two answers, first the one of a document that answers the query. */
  readonly answers: readonly [yes: string, no: string];
  /** Jinja source; null: ChatML. */
  readonly chatTemplate: string | null;
  readonly tokenizerConfig: Readonly<Record<string, unknown>>;
  readonly heads: number | null;
  readonly headDimension: number | null;
}

/** A pair to judge. */
export interface TextPair {
  readonly query: string;
  readonly document: string;
}

/** A model ready to judge. Lives in a worker thread. */
export interface Judge {
  /** Log-odds that the document answers the query (or what the settings make of them), one per pair. Depends on each pair alone, not on its company. */
  score(pairs: readonly TextPair[], stop: () => void): Promise<Float32Array>;
  release(): Promise<void>;
}
