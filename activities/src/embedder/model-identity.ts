/** What a model is, as far as its vectors depend on it: enters the keys of the embed stage and the manifest. */
export interface ModelIdentity {
  readonly kind: 'encoder' | 'generator' | 'vectors';
  /** Resolved URI or path of the model's directory, a hub model's with its commit (of the query vectors with `vectors`); not part of the hash. */
  readonly path: string;
  /** Over the graph, its external data, the tokenizer and the settings that change vectors. */
  readonly sha256: string;
  /** Length of a vector. */
  readonly dimension: number;
  /** Tokens, special ones included; 0 with `vectors`. */
  readonly maxLength: number;
  /** The prompts, prefixes and pooling in force, as they go into the manifest. */
  readonly preprocessing: Readonly<Record<string, unknown>>;
  /** Vectors depend on what else is in the batch, so that one row at a time is embedded. */
  readonly oneRowAtATime: boolean;
}
