import { z } from 'zod';
import { count, uri } from './fields.ts';

const prompt = z.union([
  z.enum(['hierarchical', 'system', 'user', 'none']),
  z.strictObject({
    system: z.string().optional(),
    queryText: z.string().optional(),
    queryImage: z.string().optional(),
    document: z.string().optional(),
  }),
]);

const encoder = z.strictObject({
  kind: z.literal('encoder'),
  path: uri,
  /** The graph inside the directory. */
  file: z.string().default('onnx/model.onnx'),
  queryPrefix: z.string().default(''),
  documentPrefix: z.string().default(''),
  /** Tokens, special ones included; default: what the model's own files say. */
  maxLength: count.optional(),
});

const generator = z.strictObject({
  kind: z.literal('generator'),
  path: uri.default('bundled:quarry-mini'),
  file: z.string().default('onnx/model.onnx'),
  prompt: prompt.default('hierarchical'),
  /** Tokens of the rendered prompt; the user text is what gets cut. */
  maxLength: count.optional(),
});

const vectors = z.strictObject({
  kind: z.literal('vectors'),
  /** `.npy`, one row per row of the input's query file, float16 or float32. */
  queries: uri,
  /** `.npy`, one row per row of the input's document file. */
  documents: uri,
  normalize: z.boolean().default(true),
});

/** What embeds; default: the bundled generator. */
export const model = z
  .discriminatedUnion('kind', [encoder, generator, vectors])
  .prefault({ kind: 'generator' });
