import { join } from 'node:path';
import type { Job } from '@quarry/workflows';
import type { Dependencies } from '../stages/stage-context.ts';
import { readDirectoryManifest } from './directory-manifest.ts';
import { VECTOR_OUTPUTS } from './graph-signature.ts';
import { modelsDirectory } from './model-directory.ts';
import { type ModelFiles, readModelFiles } from './model-files.ts';
import { generatorGraphs, type ModelGraphs, preparedPath } from './model-graphs.ts';
import { OnnxFile } from './onnx/onnx-file.ts';
import { LOGITS } from './prepare/language-head.ts';
import { preparedCopy } from './prepared-copy.ts';
import { resolvePrompt } from './prompt.ts';

/** A model directory with the graphs from which vectors come. */
export interface RunnableModel {
  readonly files: ModelFiles;
  readonly graphs: ModelGraphs;
  /** Ids that are baked into the main graph. */
  readonly prefix: readonly number[];
}

/**
 * Chooses the graphs of a model: of an encoder the named one, of a generator the prepared one, with the system turn baked
 * in where that is the job's. A decoder that only offers logits is prepared beside, once per machine.
 *
 * @throws QuarryError BadModel where files are missing, or a decoder cannot be prepared
 */
export async function runnableModel(
  context: Pick<Dependencies, 'scratch' | 'models'>,
  directory: string,
  model: Exclude<Job['model'], { kind: 'vectors' }>,
): Promise<RunnableModel> {
  const files = await readModelFiles(directory, model.file ?? null);
  if (model.kind === 'encoder') {
    return { files, graphs: { main: model.file, embedTokens: null, visionEncoder: null }, prefix: [] };
  }
  const graphs = generatorGraphs(directory, files.present, model);
  const { prepared = {} } = (await readDirectoryManifest(directory)) ?? {};
  const { system } = resolvePrompt(model.prompt);
  const baked = Object.entries(prepared).find(
    ([, { from, prefix }]) => prefix?.system === system && from === prepared[graphs.main]?.from,
  );
  if (baked && model.file === undefined)
    return { files, graphs: { ...graphs, main: baked[0] }, prefix: baked[1].prefix!.ids };
  if (!needsPreparing(join(directory, graphs.main)) || preparedPath(graphs.main) === null)
    return { files, graphs, prefix: prepared[graphs.main]?.prefix?.ids ?? [] };
  const copy = await readModelFiles(await preparedCopy(files, graphs.main, modelsDirectory(context)), null);
  return { files: copy, graphs: { ...graphs, main: preparedPath(graphs.main)! }, prefix: [] };
}

function needsPreparing(path: string): boolean {
  const outputs = OnnxFile.read(path).parts.flatMap((part) =>
    part.kind === 'output' ? [part.value.name] : [],
  );
  return outputs.includes(LOGITS) && !outputs.some((name) => VECTOR_OUTPUTS.includes(name));
}
