import { dirname } from 'node:path';
import { type Dtype, generatorGraphs, type ModelGraphs } from '../embedder/model-graphs.ts';

/** What of a repository is wanted; the same words as in a job. */
export interface WantedModel {
  readonly kind: 'encoder' | 'generator';
  readonly file?: string | undefined;
  readonly dtype?: Dtype | undefined;
}

/** Settings that a model is read with; others (images, notebooks, weights of other frameworks) stay on the hub. */
const SETTINGS = new Set([
  'config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.json',
  'chat_template.jinja',
  'preprocessor_config.json',
  'modules.json',
  'sentence_bert_config.json',
  '1_Pooling/config.json',
  'LICENSE',
  'README.md',
]);

/**
 * The files of a repository that a model is run from: settings, the graphs of one dtype, their external data.
 *
 * @throws QuarryError BadModel where no graph fits, or several could be meant
 */
export function neededFiles(repository: string, paths: readonly string[], wanted: WantedModel): string[] {
  const graphs =
    wanted.kind === 'encoder' ? [wanted.file!] : graphsOf(generatorGraphs(repository, paths, wanted));
  return paths.filter(
    (path) => SETTINGS.has(path) || graphs.includes(path) || graphs.some((graph) => isDataOf(path, graph)),
  );
}

function graphsOf({ main, embedTokens, visionEncoder }: ModelGraphs): readonly string[] {
  return [main, embedTokens, visionEncoder].filter((graph) => graph !== null);
}

/** `model.onnx_data`, `model.onnx_data_1`, `model.onnx.data`, beside the graph. */
function isDataOf(path: string, graph: string): boolean {
  return (
    dirname(path) === dirname(graph) &&
    /^[._]data(_\d+)?$/.test(path.startsWith(graph) ? path.slice(graph.length) : '')
  );
}
