import { dirname } from 'node:path';
import { type Dtype, generatorGraphs, graphName, type ModelGraphs } from '../embedder/model-graphs.ts';

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

const TEXT = /\.(json|jinja|txt|md)$/;
const OTHER_FRAMEWORKS = /\.(safetensors|gguf|h5|msgpack|pth?|ot)$|(^|\/)pytorch_model[^/]*\.bin$/;

/**
 * The same of a directory that is not the hub's: what it is read with, the graphs of one dtype (what `prepare` made and
 * what it was made from share weights), and what lies beside them, because external data may have any name.
 *
 * @throws QuarryError BadModel where no graph fits, or several could be meant
 */
export function wantedFiles(directory: string, paths: readonly string[], wanted: WantedModel): string[] {
  const chosen =
    wanted.kind === 'encoder' ? [wanted.file!] : graphsOf(generatorGraphs(directory, paths, wanted));
  const dtype = wanted.kind === 'generator' ? graphName(chosen[0]!)?.dtype : undefined;
  const graphs = paths.filter(
    (path) => chosen.includes(path) || (dtype !== undefined && graphName(path)?.dtype === dtype),
  );
  return paths.filter((path) => {
    if (TEXT.test(path) || graphs.includes(path)) return true;
    if (path.endsWith('.onnx') || OTHER_FRAMEWORKS.test(path)) return false;
    const owner = /^(.*\.onnx)[._]data(_\d+)?$/.exec(path)?.[1];
    return owner === undefined
      ? graphs.some((graph) => dirname(graph) === dirname(path))
      : graphs.includes(owner);
  });
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
