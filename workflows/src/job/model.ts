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

/** What the model runs on, where the worker has it; `auto`: the fastest that works there. */
const device = {
  device: z.enum(['cpu', 'cuda', 'webgpu', 'coreml', 'auto']).optional(),
  /** Which of several cards. */
  deviceId: z.int().min(0).optional(),
};

const encoder = z.strictObject({
  kind: z.literal('encoder'),
  path: uri,
  /** The graph inside the directory. */
  file: z.string().default('onnx/model.onnx'),
  ...device,
  queryPrefix: z.string().default(''),
  documentPrefix: z.string().default(''),
  /** Tokens, special ones included; default: what the model's own files say. */
  maxLength: count.optional(),
});

const generator = z.strictObject({
  kind: z.literal('generator'),
  path: uri.default('bundled:quarry-mini'),
  /** The graph inside the directory; default: the prepared one, else the decoder that is there. */
  file: z.string().optional(),
  /** Which of several exports, by the suffixes of transformers.js; default: fp32, or the only one there is. */
  dtype: z.enum(['fp32', 'fp16', 'q8', 'int8', 'uint8', 'q4', 'q4f16', 'bnb4']).optional(),
  ...device,
  prompt: prompt.default('hierarchical'),
  /** Tokens of the rendered prompt, images not counted; the user text is what gets cut. */
  maxLength: count.optional(),
  /** Pixels of an image at most; larger ones are made smaller. Default: 200,704, which is 256 tokens of Qwen2-VL. */
  maxPixels: count.optional(),
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
