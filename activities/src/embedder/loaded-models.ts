import { LoadedModel } from './loaded-model.ts';
import type { ModelSettings } from './model-settings.ts';

/** Models that a thread keeps loaded, the least recently used first. */
const MOST = 2;
const models = new Map<string, Promise<LoadedModel>>();

/** The model, loaded now or earlier in this thread. `sha256` is its identity. */
export async function loadedModel(
  settings: ModelSettings,
  sha256: string,
  threads: number,
): Promise<LoadedModel> {
  const key = `${sha256} ${settings.directory} ${threads}`;
  const model = models.get(key) ?? LoadedModel.load(settings, threads);
  models.delete(key);
  models.set(key, model);
  if (models.size > MOST) {
    const [oldest, other] = models.entries().next().value!;
    models.delete(oldest);
    await (await other).release();
  }
  try {
    return await model;
  } catch (error) {
    models.delete(key);
    throw error;
  }
}
