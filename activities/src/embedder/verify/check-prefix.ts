import { LoadedModel } from '../loaded-model.ts';
import type { GeneratorSettings } from '../model-settings.ts';
import { type Check, failed, ok, skipped } from './check.ts';
import { difference, shown } from './check-padding.ts';
import { PROMPTS } from './prompts.ts';

/** Largest difference between unit vectors that is rounding. */
export const PREFIX_TOLERANCE = 1e-4;

/** Whether a baked prefix gives what the whole sequence gives. */
export async function checkPrefix(model: LoadedModel): Promise<Check> {
  const name = 'prefix';
  const settings = model.settings as GeneratorSettings;
  if (settings.prefix.length === 0) return skipped(name, 'no system turn is baked in');
  const graph = settings.graph.replace('embedding_prefix', 'embedding');
  const whole = await LoadedModel.load({ ...settings, graph, prefix: [] }, 1);
  try {
    const by = await prefixDifference(model, whole);
    const tokens = `${settings.prefix.length} tokens of the system turn are baked in`;
    if (by <= PREFIX_TOLERANCE)
      return ok(name, `${tokens}; vectors differ from the whole sequence by ${shown(by)}`);
    return failed(
      name,
      `${settings.graph}: ${tokens}, and vectors differ from the whole sequence by ${shown(by)}; prepare again, or without --prefix`,
    );
  } finally {
    await whole.release();
  }
}

/** Largest difference of any value between the vectors of both, in batches of unequal lengths. */
export async function prefixDifference(baked: LoadedModel, whole: LoadedModel): Promise<number> {
  const vectors = async (model: LoadedModel): Promise<Float32Array> => {
    const items = PROMPTS.slice(0, 8).map((text) => model.tokens({ text, image: null }, 'document'));
    const length = Math.max(...items.map(({ ids }) => ids.length));
    return model.run({ items, rows: items.length, length });
  };
  return difference(await vectors(baked), await vectors(whole));
}
