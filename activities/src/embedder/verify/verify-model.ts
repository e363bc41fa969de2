import type { Job } from '@quarry/workflows';
import { QuarryError } from '../../failures.ts';
import type { Dependencies } from '../../stages/stage-context.ts';
import { openModel } from '../describe-model.ts';
import { readDirectoryManifest } from '../directory-manifest.ts';
import { LoadedModel } from '../loaded-model.ts';
import { locateModel } from '../locate-model.ts';
import { readModelFiles } from '../model-files.ts';
import { generatorGraphs, preparedPath } from '../model-graphs.ts';
import type { GeneratorSettings } from '../model-settings.ts';
import { offersLogits } from '../prepare/prepare-model.ts';
import { type Check, failed, ok, skipped } from './check.ts';
import { checkFiles } from './check-files.ts';
import { checkImages } from './check-images.ts';
import { checkBatch, checkPadding } from './check-padding.ts';
import { checkPrefix } from './check-prefix.ts';
import { checkRewrite, type Original } from './check-rewrite.ts';
import { checkState } from './check-state.ts';
import { checkTokenizer } from './check-tokenizer.ts';
import { checkVectors } from './check-vectors.ts';
import { measureSpeed } from './measure-speed.ts';

type Generator = Extract<Job['model'], { kind: 'generator' }>;

/** The checks of a generator, in order; the first that fails ends them, because what follows rests on it. */
export async function verifyModel(
  context: Pick<Dependencies, 'openStore' | 'scratch' | 'models' | 'threads' | 'hub'>,
  model: Generator,
): Promise<readonly Check[]> {
  const checks: Check[] = [];
  try {
    for await (const check of checksOf(context, model)) {
      checks.push(check);
      if (check.outcome === 'failed') break;
    }
  } catch (error) {
    if (!(error instanceof QuarryError)) throw error;
    checks.push(failed('opens', error.message));
  }
  return checks;
}

async function* checksOf(
  context: Pick<Dependencies, 'openStore' | 'scratch' | 'models' | 'threads' | 'hub'>,
  model: Generator,
): AsyncGenerator<Check> {
  const { scratch, threads } = context;
  const { directory } = await locateModel(context, model);
  yield await checkFiles(directory);
  const { settings, identity } = await openModel(context as Dependencies, model);
  const generator = settings as GeneratorSettings;
  const files = await readModelFiles(directory, null);
  yield await checkTokenizer(files, generator);
  if (settings.graph !== model.file) yield checkState(settings.directory, settings.graph);
  const loaded = await LoadedModel.load(settings, threads);
  try {
    const shapes = `${[settings.graph, generator.embedTokens, generator.visionEncoder].filter(Boolean).join(', ')}: vectors of ${identity.dimension} values, at most ${identity.maxLength} tokens`;
    yield ok('graphs', shapes);
    yield await checkVectors(loaded);
    const original = await originalOf(directory, model);
    yield original === null
      ? skipped('rewrite', 'the graph that offers logits is not here, or this one needed no rewrite')
      : await checkRewrite(loaded, original, scratch, threads);
    yield await checkPadding(loaded, files.tokenizerConfig.padding_side);
    yield await checkBatch(loaded);
    yield await checkPrefix(loaded);
    yield generator.vision === null
      ? skipped('images', 'the model takes text only')
      : await checkImages(loaded, generator.vision.images);
    yield await measureSpeed(loaded, threads);
  } finally {
    await loaded.release();
  }
}

/** The decoder with its head: named by quarry.json, or what is prepared on the fly. */
async function originalOf(directory: string, model: Generator): Promise<Original | null> {
  const { present } = await readModelFiles(directory, null);
  const { prepared = {} } = (await readDirectoryManifest(directory)) ?? {};
  const { main } = generatorGraphs(directory, present, model);
  const graph = prepared[main]?.from ?? present.find((path) => preparedPath(path) === main) ?? main;
  if (!present.includes(graph) || !offersLogits(`${directory}/${graph}`)) return null;
  return { directory, graph };
}
