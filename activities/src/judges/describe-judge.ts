import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job } from '@quarry/workflows';
import { type AskedModel, JUDGES, type JudgeName, judgePath } from '@quarry/workflows/judges';
import { locateModel } from '../embedder/locate-model.ts';
import { QuarryError } from '../failures.ts';
import type { Dependencies } from '../stages/stage-context.ts';
import { hashFile } from '../stages/unit.ts';
import type { Activation, JudgeSettings } from './judge-model.ts';

/** A model that is asked about pairs, as far as its scores depend on it. */
export interface AskedIdentity {
  readonly name: AskedModel;
  /** Over the graph, its external data, the tokenizer and what the model is told. */
  readonly sha256: string;
}

/** A model that judges for a filter. */
export interface JudgeIdentity extends AskedIdentity {
  readonly name: JudgeName;
  /** Candidates judged in the run, at most. */
  readonly rows?: number | undefined;
}

/** Every model that a job's filters ask. @throws QuarryError BadModel where one is not usable, from its files alone */
export async function describeJudges(context: Dependencies, job: Job): Promise<readonly JudgeIdentity[]> {
  const found: JudgeIdentity[] = [];
  for (const name of JUDGES) {
    if (asks(job, name)) {
      const { rows } = parameters(job, name);
      const { sha256 } = (await openAsked(context, job, name)).identity;
      found.push({ name, sha256, ...(rows !== undefined && { rows }) });
    }
  }
  return found;
}

/** The cross-encoder that scores candidates anew, where the job names one. @throws QuarryError BadModel likewise */
export async function describeRescorer(context: Dependencies, job: Job): Promise<AskedIdentity | null> {
  return job.mining.rescore ? (await openAsked(context, job, 'rescore')).identity : null;
}

/** A model's identity, and the settings with which the kernel runs it from this machine's copy. */
export async function openAsked(
  context: Dependencies,
  job: Job,
  name: AskedModel,
): Promise<{ readonly identity: AskedIdentity; readonly settings: JudgeSettings }> {
  const { path, file, maxLength } = parameters(job, name);
  const { directory } = await locateModel(context, { kind: 'encoder', path, file });
  const where = `${name}: ${path}`;
  const files = [
    file,
    `${file}_data`,
    `${file}.data`,
    'tokenizer.json',
    'tokenizer_config.json',
    'config.json',
  ];
  const hashes: string[] = [];
  for (const one of files) hashes.push((await hashed(join(directory, one))) ?? '');
  for (const needed of [file, 'tokenizer.json', 'config.json']) {
    if (hashes[files.indexOf(needed)] === '')
      throw new QuarryError('BadModel', `${where}: ${directory} holds no ${needed}`);
  }
  const config = await readJson(join(directory, 'config.json'));
  const settings = settingsOf(job, name, { directory, graph: file, maxLength }, config);
  const told = name === 'judge' ? await withTemplate(settings) : settings;
  const { directory: _, ...content } = told;
  const sha256 = createHash('sha256')
    .update(JSON.stringify([hashes, content]))
    .digest('hex');
  return { identity: { name, sha256 }, settings: told };
}

function asks({ mining }: Job, name: JudgeName): boolean {
  return (
    (name === 'judge' && mining.judge !== undefined) || !!mining.filters?.some((rule) => rule.name === name)
  );
}

function parameters(
  job: Job,
  name: AskedModel,
): { path: string; file: string; maxLength: number; rows: number | undefined } {
  if (name === 'rescore') return { ...job.mining.rescore!, rows: undefined };
  if (name === 'judge') {
    const { file = 'onnx/model.onnx', maxLength = 1024, rows } = job.mining.judge ?? {};
    return { path: judgePath(job)!, file, maxLength, rows };
  }
  const rule = job.mining.filters!.find((one) => one.name === 'cross_encoder')!;
  const { path, file, maxLength, rows } = rule as Extract<typeof rule, { name: 'cross_encoder' }>;
  return { path, file, maxLength, rows };
}

type Place = Pick<JudgeSettings, 'directory' | 'graph' | 'maxLength'>;

function settingsOf(
  job: Job,
  name: AskedModel,
  place: Place,
  config: Readonly<Record<string, unknown>>,
): JudgeSettings {
  const number = (key: string): number | null => (typeof config[key] === 'number' ? config[key] : null);
  const maxLength = Math.min(place.maxLength, number('max_position_embeddings') ?? Infinity);
  if (name === 'cross_encoder') return { ...place, maxLength, kind: 'cross_encoder' };
  if (name === 'rescore') {
    const activation = job.mining.rescore?.activation ?? activationIn(config);
    return { ...place, maxLength, kind: 'cross_encoder', activation };
  }
  const heads = number('num_key_value_heads') ?? number('num_attention_heads');
  const [size, all] = [number('hidden_size'), number('num_attention_heads')];
  const { instruction = INSTRUCTION, answers = ANSWERS } = job.mining.judge ?? {};
  return {
    ...place,
    maxLength,
    kind: 'judge',
    instruction,
    answers: [answers[0], answers[1]],
    chatTemplate: null,
    tokenizerConfig: {},
    heads,
    headDimension: number('head_dim') ?? (size && all ? size / all : null),
  };
}

/** What sentence-transformers' `CrossEncoder` makes of a logit where nobody says: the sigmoid, but for models that name Identity. */
function activationIn({ sentence_transformers: own }: Readonly<Record<string, unknown>>): Activation {
  const { activation_fn: name } = (own ?? {}) as { readonly activation_fn?: unknown };
  return typeof name === 'string' && name.endsWith('Identity') ? 'identity' : 'sigmoid';
}

const INSTRUCTION = 'Judge whether the Document answers the Query. The answer can only be "yes" or "no".';
const ANSWERS = ['yes', 'no'] as const;

async function withTemplate(settings: JudgeSettings): Promise<JudgeSettings> {
  if (settings.kind !== 'judge') return settings;
  const { directory } = settings;
  const tokenizerConfig = await readJson(join(directory, 'tokenizer_config.json')).catch(() => ({}));
  const beside = await readFile(join(directory, 'chat_template.jinja'), 'utf8').catch(() => null);
  const { chat_template: inside } = tokenizerConfig as { chat_template?: unknown };
  return {
    ...settings,
    tokenizerConfig,
    chatTemplate: beside ?? (typeof inside === 'string' ? inside : null),
  };
}

async function readJson(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8');
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    throw new QuarryError('BadModel', `${path}: not valid JSON (${(cause as Error).message})`, { cause });
  }
}

/** Large files are hashed once per process and version. */
const remembered = new Map<string, Promise<string>>();

async function hashed(path: string): Promise<string | null> {
  const found = await stat(path).catch(() => null);
  if (!found) return null;
  const version = `${path}:${found.size}:${found.mtimeMs}`;
  const known = remembered.get(version) ?? hashFile(path);
  remembered.set(version, known);
  return known;
}
