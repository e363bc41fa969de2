import { QuarryError } from '../failures.ts';

/** The ONNX files that a model is run from, as paths inside its directory. */
export interface ModelGraphs {
  /** What gives the vectors, or a decoder that `prepare` can make to give them. */
  readonly main: string;
  /** Of a vision-language triple: input_ids -> inputs_embeds. */
  readonly embedTokens: string | null;
  /** Of a vision-language triple: pixel_values -> image_features. */
  readonly visionEncoder: string | null;
}

/** How weights are stored, by the suffixes that transformers.js gives files. */
export const DTYPE_SUFFIXES = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  q4: '_q4',
  q4f16: '_q4f16',
  bnb4: '_bnb4',
} as const;
export type Dtype = keyof typeof DTYPE_SUFFIXES;

/** A graph's file name in its parts. */
export interface GraphName {
  readonly folder: '' | 'onnx/';
  readonly stem: Stem;
  readonly dtype: Dtype;
}

type Stem =
  | 'embedding'
  | 'embedding_prefix'
  | 'model'
  | 'decoder_model_merged'
  | 'embed_tokens'
  | 'vision_encoder';

const NAME =
  /^(onnx\/)?(embedding_prefix|embedding|model|decoder_model_merged|embed_tokens|vision_encoder)(_[a-z0-9]+)?\.onnx$/;
const DTYPES = Object.entries(DTYPE_SUFFIXES) as [Dtype, string][];

/** The parts of a path that follows transformers.js, or null. */
export function graphName(path: string): GraphName | null {
  const match = NAME.exec(path);
  const dtype = match && DTYPES.find(([, suffix]) => suffix === (match[3] ?? ''))?.[0];
  if (!match || !dtype) return null;
  return { folder: (match[1] ?? '') as GraphName['folder'], stem: match[2] as Stem, dtype };
}

export function graphPath({ folder, stem, dtype }: GraphName): string {
  return `${folder}${stem}${DTYPE_SUFFIXES[dtype]}.onnx`;
}

/** Where the prepared graph of a decoder lies; null: its name is not one that `prepare` knows. */
export function preparedPath(path: string, prefix = false): string | null {
  const name = graphName(path);
  if (name?.stem !== 'model' && name?.stem !== 'decoder_model_merged') return null;
  return graphPath({ ...name, stem: prefix ? 'embedding_prefix' : 'embedding' });
}

/**
 * Chooses the graphs of a generator: the prepared one where there is one, of the dtype that is asked for, else of
 * float32, else of the only one that there is.
 *
 * @param present paths of all files of the directory
 * @param wanted what the job says: `file` names the graph, `dtype` its kind
 * @throws QuarryError BadModel where there is none, or several could be meant
 */
export function generatorGraphs(
  directory: string,
  present: readonly string[],
  wanted: { readonly file?: string | undefined; readonly dtype?: Dtype | undefined },
): ModelGraphs {
  const main = wanted.file ?? mainGraph(directory, present, wanted.dtype);
  const name = graphName(main);
  const beside = (stem: Stem): string | null => {
    if (name === null) return null;
    const { folder } = name;
    // Published repositories mix dtypes: embed_tokens is often there in two of them only.
    const order: Dtype[] = [name.dtype, 'fp32', 'fp16', ...DTYPES.map(([dtype]) => dtype)];
    const paths = order.map((dtype) => graphPath({ folder, stem, dtype }));
    return paths.find((path) => present.includes(path)) ?? null;
  };
  return { main, embedTokens: beside('embed_tokens'), visionEncoder: beside('vision_encoder') };
}

function mainGraph(directory: string, present: readonly string[], dtype: Dtype | undefined): string {
  const names = present.flatMap((path) => graphName(path) ?? []);
  const decoders = names.filter(({ stem }) => ['embedding', 'model', 'decoder_model_merged'].includes(stem));
  const list = decoders.map(graphPath).join(', ');
  if (decoders.length === 0) {
    const graphs = present.filter((path) => path.endsWith('.onnx'));
    throw new QuarryError(
      'BadModel',
      `model.path ${directory}: no onnx/model*.onnx and no onnx/decoder_model_merged*.onnx; there is: ${(graphs.length > 0 ? graphs : present).slice(0, 30).join(', ') || 'nothing'}. Give a directory as exported for ONNX on the hub, or model.file where the graph has another name`,
    );
  }
  const dtypes = [...new Set(decoders.map((name) => name.dtype))];
  const chosen = dtype ?? (dtypes.includes('fp32') ? 'fp32' : dtypes.length === 1 ? dtypes[0]! : null);
  if (chosen === null) {
    throw new QuarryError(
      'BadModel',
      `model.path ${directory}: several graphs could be meant: ${list}; choose with model.dtype: ${dtypes.join(' | ')}`,
    );
  }
  const fitting = decoders.filter((name) => name.dtype === chosen);
  if (fitting.length === 0) {
    throw new QuarryError(
      'BadModel',
      `model.dtype: ${chosen}, but ${directory} holds ${list}; use ${dtypes.join(' or ')}`,
    );
  }
  const prepared = fitting.filter(({ stem }) => stem === 'embedding');
  const raw = fitting.filter(({ stem }) => stem !== 'embedding');
  const candidates = prepared.length > 0 ? prepared : raw;
  if (candidates.length > 1) {
    throw new QuarryError(
      'BadModel',
      `model.path ${directory}: two candidates for the graph: ${candidates.map(graphPath).join(' and ')}; name the one that is meant with model.file`,
    );
  }
  return graphPath(candidates[0]!);
}
