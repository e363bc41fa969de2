import type { Job } from '@quarry/workflows';
import type { Dependencies } from '../stages/stage-context.ts';
import { locateModel } from './locate-model.ts';
import { modelChat } from './model-chat.ts';
import { checkModelFiles, hashJson, hashModel } from './model-hash.ts';
import type { ModelIdentity } from './model-identity.ts';
import { type ModelSettings, modelSettings } from './model-settings.ts';
import { type RunnableModel, runnableModel } from './runnable-model.ts';
import { describeVectors } from './vectors-identity.ts';

/** What vectors are kept as; part of a model's identity. */
const DTYPE = 'float32';

/**
 * What a job's model is, from its files alone: nothing is run. The files are hashed once per process.
 *
 * @throws QuarryError BadModel or BadVectors, with what is missing or wrong and what to do
 */
export async function describeModel(context: Dependencies, model: Job['model']): Promise<ModelIdentity> {
  if (model.kind === 'vectors') return describeVectors(context, model);
  const { identity, settings } = await openModel(context, model);
  // What fails on the first row is found out before the corpus is read.
  if (settings.kind === 'generator') await modelChat(settings);
  return identity;
}

/** A model's identity, and the settings with which the kernel runs it from this machine's copy. */
export async function openModel(
  context: Dependencies,
  model: Exclude<Job['model'], { kind: 'vectors' }>,
): Promise<{ readonly identity: ModelIdentity; readonly settings: ModelSettings }> {
  const { directory, path } = await locateModel(context, model);
  const runnable = await runnableModel(context, directory, model);
  const { files, graphs } = runnable;
  const content = await hashModel(files.directory, graphsOf(runnable));
  // A copy that was prepared on the fly has no quarry.json; what it was made of may.
  await checkModelFiles(directory, files.directory === directory ? content.sha256 : {});
  const settings = {
    ...modelSettings(files, model, graphs, runnable.prefix, content.dynamicQuantization),
    ...(files.directory !== directory && { origin: directory }),
  };
  const preprocessing = preprocessingOf(settings);
  const { kind, dimension, maxLength, oneRowAtATime } = settings;
  const sha256 = hashJson([kind, content.sha256, maxLength, preprocessing, DTYPE]);
  return {
    identity: { kind, path, sha256, dimension, maxLength, preprocessing, oneRowAtATime },
    settings,
  };
}

function graphsOf({ graphs }: RunnableModel): readonly string[] {
  return [graphs.main, graphs.embedTokens, graphs.visionEncoder].filter((graph) => graph !== null);
}

function preprocessingOf(settings: ModelSettings): Record<string, unknown> {
  const { name } = settings.device;
  // The same model gives other bits on another device.
  const shared = { pooling: settings.pooling, normalize: true, ...(name !== 'cpu' && { device: name }) };
  if (settings.kind === 'generator') {
    const { prompt, chatTemplate, vision } = settings;
    const template = chatTemplate === null ? 'ChatML' : hashJson(chatTemplate);
    return { ...shared, prompt, chatTemplate: template, ...(vision && { images: vision.images }) };
  }
  const { queryPrefix, documentPrefix } = settings;
  return { ...shared, queryPrefix, documentPrefix };
}
