import { QuarryError } from '../failures.ts';
import type { ImageSettings } from './image-settings.ts';
import type { ModelFiles } from './model-files.ts';

/** How a generator reads images; structured-cloneable. */
export interface VisionSettings {
  readonly images: ImageSettings;
  /** The token that stands for one token of an image: `image_token_id` of config.json. */
  readonly imageToken: { readonly id: number; readonly text: string };
}

/** Pixels of an image at most where the job does not say: 256 tokens of 28 x 28. */
const DEFAULT_MAX_PIXELS = 256 * 28 * 28;
/** What the processors say where preprocessor_config.json does not: OpenAI's CLIP, and one half. */
const CLIP = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
} as const;
const HALF = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as const;
const DEFAULT_MIN_PIXELS = 56 * 56;

/** Families of vision encoders, by `model_type` of config.json. */
const FAMILIES: Readonly<Record<string, ImageSettings['family']>> = {
  qwen2_vl: 'qwen2-vl',
  qwen2_5_vl: 'qwen2-vl',
  idefics3: 'idefics3',
  smolvlm: 'idefics3',
};

/**
 * How the model of a directory reads images, from its config.json and preprocessor_config.json.
 *
 * @param maxPixels the job's bound; default 256 tokens of 28 x 28 pixels
 * @returns null where its family takes none
 * @throws QuarryError BadModel where the files do not say enough
 */
export function visionSettings(files: ModelFiles, maxPixels = DEFAULT_MAX_PIXELS): VisionSettings | null {
  const { config, preprocessor, directory } = files;
  const family = FAMILIES[config.model_type ?? ''];
  if (family === undefined) return null;
  const imageToken = imageTokenOf(files);
  const normalisation = {
    mean: channels(preprocessor.image_mean),
    std: channels(preprocessor.image_std),
  };
  if (family === 'qwen2-vl') {
    const { patch_size: patchSize = 14, merge_size: mergeSize = 2, temporal_patch_size = 2 } = preprocessor;
    const least = preprocessor.min_pixels ?? preprocessor.size?.shortest_edge ?? DEFAULT_MIN_PIXELS;
    const most = preprocessor.max_pixels ?? preprocessor.size?.longest_edge ?? maxPixels;
    const images: ImageSettings = {
      family,
      patchSize,
      mergeSize,
      temporalPatchSize: temporal_patch_size,
      mean: normalisation.mean ?? CLIP.mean,
      std: normalisation.std ?? CLIP.std,
      minPixels: Math.min(least, maxPixels),
      maxPixels: Math.min(most, maxPixels),
    };
    return { images, imageToken };
  }
  const size = preprocessor.max_image_size?.longest_edge ?? config.vision_config?.image_size;
  const patch = config.vision_config?.patch_size;
  if (size === undefined || patch === undefined) {
    throw new QuarryError(
      'BadModel',
      `${directory}: neither preprocessor_config.json (max_image_size) nor config.json (vision_config.image_size, patch_size) says how large a tile is`,
    );
  }
  // The bound is on tiles: the largest square of whole tiles within it, and less than four tiles are no square.
  const bound = Math.floor(Math.sqrt(maxPixels) / size) * size;
  const side = size / patch / (config.scale_factor ?? 1);
  const images: ImageSettings = {
    family,
    size,
    longestEdge: Math.max(size, Math.min(bound, preprocessor.size?.longest_edge ?? bound)),
    split: (preprocessor.do_image_splitting ?? true) && bound > size,
    tokensPerTile: side * side,
    mean: normalisation.mean ?? HALF.mean,
    std: normalisation.std ?? HALF.std,
  };
  return { images, imageToken };
}

function imageTokenOf({ config, tokenizer, directory }: ModelFiles): VisionSettings['imageToken'] {
  const id = config.image_token_id;
  const text = tokenizer.added_tokens?.find((token) => token.id === id)?.content;
  if (id !== undefined && text !== undefined) return { id, text };
  const what =
    id === undefined
      ? `${directory}/config.json: image_token_id is missing`
      : `${directory}/tokenizer.json: no added token has the id ${id} that config.json gives as image_token_id; the tokenizer does not belong to this model`;
  throw new QuarryError('BadModel', what);
}

type Channels = readonly [number, number, number];

function channels(values: readonly number[] | undefined): Channels | null {
  return values?.length === 3 ? [values[0]!, values[1]!, values[2]!] : null;
}
