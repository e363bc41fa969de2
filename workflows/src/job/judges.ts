import { z } from 'zod';
import { count, uri } from './fields.ts';

/** A cross-encoder in the chain: drops a candidate that reads like an answer. */
export const crossEncoder = z.strictObject({
  name: z.literal('cross_encoder'),
  /** An ONNX directory as on the Hugging Face hub: BERT-like, one logit, or two (no, yes). */
  path: uri,
  file: z.string().default('onnx/model.onnx'),
  /** Dropped where the model's probability that the document answers the query is above this. */
  above: z.number().gt(0).lt(1).optional(),
  /** Dropped where the log-odds are above those of the query's lowest positive less this. */
  margin: z.number().optional(),
  /** Tokens of a pair, special ones included. */
  maxLength: count.default(512),
  /** Candidates that are judged in the whole run, at most: of every query its hardest. */
  rows: count.optional(),
});

/** A cross-encoder whose scores stand in the place of similarities: what sentence-transformers does with `cross_encoder`. */
export const rescore = z.strictObject({
  /** An ONNX directory as on the Hugging Face hub: BERT-like, one logit, or two (no, yes). */
  path: uri,
  file: z.string().default('onnx/model.onnx'),
  /** Tokens of a pair, special ones included. */
  maxLength: count.default(512),
  /**
   * From log-odds to scores. Default: what the model's `config.json` says to sentence-transformers
   * (`sentence_transformers.activation_fn`), else `sigmoid`.
   */
  activation: z.enum(['sigmoid', 'identity']).optional(),
});

/** The place of the generator as judge in the chain; the model is `mining.judge`. */
export const judgeFilter = z.strictObject({
  name: z.literal('judge'),
  /** Dropped where the log-odds of yes against no are above this. */
  above: z.number().default(0),
});

/** The generator that is asked whether a document answers a query, by its own LM head. */
export const judge = z.strictObject({
  /** A decoder exported with its logits; default: the job's own generator. */
  path: uri.optional(),
  file: z.string().default('onnx/model.onnx'),
  /** The system turn. */
  instruction: z
    .string()
    .min(1)
    .default('Judge whether the Document answers the Query. The answer can only be "yes" or "no".'),
  /** The two answers, yes first; their first tokens are compared. */
  answers: z.tuple([z.string().min(1), z.string().min(1)]).default(['yes', 'no']),
  /** Tokens of the rendered prompt; the document is what gets cut. */
  maxLength: count.default(1024),
  /** Candidates that are judged in the whole run, at most: of every query its hardest. */
  rows: count.optional(),
});
