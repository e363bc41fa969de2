import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { JobInput } from '@quarry/workflows/job';
import { pythonEnvironment } from '../interop/python-environment.ts';
import { shared } from '../support/shared-data.ts';
import { output, quarryCommand } from './quarry-command.ts';
import { METHODS, type Method, type MethodName } from './training/methods.ts';
import { SETS, type SetName } from './training/sets.ts';
import { type Mined, type Trained, trainingTable } from './training/table.ts';
import { writeTrainingSet } from './training/training-set.ts';

const SCRIPT = fileURLToPath(new URL('../../infra/prove/train.py', import.meta.url));
const REQUIREMENTS = new URL('../../infra/prove/requirements.txt', import.meta.url);
const BATCH = 16;
const RATE = 5e-5;

/** What a proof was asked for. */
interface Asked {
  readonly python: string;
  readonly work: string;
  readonly cache: string;
  readonly data: string;
  readonly minilm: string;
}

/**
 * Real fine-tuning of MiniLM on negatives mined in several ways, from the runs' Parquet alone; scores on held-out queries,
 * mean and spread over seeds. Every training is a file under `--work`; those that are there are not done again, so it can be
 * stopped at any time. Seeds are the outer loop: after the first there is a table already.
 */
export async function proveTraining(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      /** An interpreter with the packages of infra/prove/requirements.txt; default: a virtual environment is made. */
      python: { type: 'string' },
      work: { type: 'string', default: 'prove-training' },
      cache: { type: 'string' },
      sets: { type: 'string', default: Object.keys(SETS).join(',') },
      methods: { type: 'string', default: Object.keys(METHODS).join(',') },
      seeds: { type: 'string', default: '1,2,3' },
    },
  });
  const minilm = shared('data/models/all-MiniLM-L6-v2');
  if (!minilm) throw new Error('this proof needs ../shared/data');
  const work = resolve(values.work);
  for (const directory of ['results', 'mined']) await mkdir(join(work, directory), { recursive: true });
  setPriority(15);
  const asked: Asked = {
    python: values.python ?? (await ownPython()),
    work,
    cache: pathToFileURL(resolve(values.cache ?? join(work, 'cache'))).href,
    data: dirname(dirname(minilm)),
    minilm,
  };
  const sets = names(values.sets, SETS);
  const methods = names(values.methods, METHODS);
  const mined: Mined[] = [];
  for (const set of sets) {
    await writeTrainingSet(join(work, 'sets', set), await SETS[set].make(asked.data));
    for (const method of methods) mined.push(await mineOnce(asked, set, method));
  }
  const trained: Trained[] = [];
  for (const set of sets) trained.push(await trainOnce(asked, set, null, 0));
  for (const seed of values.seeds.split(',').map(Number)) {
    for (const set of sets) {
      for (const method of methods) {
        const { directory } = mined.find((run) => run.set === set && run.method === method)!;
        trained.push(await trainOnce(asked, set, { method, directory }, seed));
      }
    }
    const table = trainingTable(mined, trained);
    await writeFile(join(work, 'training.md'), table);
    console.log(`seed ${seed}\n${table}`);
  }
}

/** Mines a set and counts its false negatives against what was hidden. */
async function mineOnce(asked: Asked, set: SetName, method: MethodName): Promise<Mined> {
  const { work, cache, minilm } = asked;
  const directory = join(work, 'sets', set);
  const { mining }: Method = METHODS[method];
  const job: JobInput = {
    name: `${set}-${method.toLowerCase()}`,
    input: { format: 'beir', path: directory, split: 'train' },
    model: { kind: 'encoder', path: minilm },
    mining,
    output: { path: join(work, 'out') },
    cache,
  };
  const file = join(work, `${set}-${method}.json`);
  const done = join(work, 'mined', `${set}-${method}.json`);
  const known = existsSync(done) ? JSON.parse(await readFile(done, 'utf8')) : null;
  if (JSON.stringify(known?.job) === JSON.stringify(job)) return known.mined as Mined;
  await writeFile(file, JSON.stringify(job, null, 2));
  const home = join(work, 'home');
  const { output: run } = await quarryCommand<{ output: string }>(['mine', file], home);
  const path = fileURLToPath(run);
  const truth = join(directory, 'qrels', 'hidden.tsv');
  const { runs } = await quarryCommand<{ runs: Mined['figures'][] }>(
    ['evaluate', path, '--truth', truth],
    home,
  );
  const table = METHODS[method].batches === 'clusters' ? 'clusters' : 'triplet';
  const mined = { set, method, directory: path, figures: runs.find((figures) => figures.table === table)! };
  await writeFile(done, JSON.stringify({ job, mined }));
  return mined;
}

async function trainOnce(
  asked: Asked,
  set: SetName,
  run: { readonly method: MethodName; readonly directory: string } | null,
  seed: number,
): Promise<Trained> {
  const { maxLength, steps } = SETS[set];
  const { python, work, minilm } = asked;
  const options = [
    ...['--minilm', minilm, '--work', work, '--max-length', maxLength, '--seed', seed],
    ...['--held-out', join(work, 'sets', set, 'held-out.json')],
    ...(run
      ? ['--run', run.directory, '--method', METHODS[run.method].batches, '--steps', steps, '--batch', BATCH]
      : []),
    ...['--rate', RATE],
  ].map(String);
  const file = join(work, 'results', `${set}-${run?.method ?? 'zero-shot'}-${seed}.json`);
  const known = existsSync(file) ? JSON.parse(await readFile(file, 'utf8')) : null;
  if (JSON.stringify(known?.options) === JSON.stringify(options)) return known.trained as Trained;
  const printed = await output(python, [SCRIPT, ...options], { HF_HUB_OFFLINE: '1' });
  const { score, cpuSeconds } = JSON.parse(printed.trim().split('\n').at(-1)!);
  const trained: Trained = { set, method: run?.method ?? null, seed, score };
  await writeFile(file, JSON.stringify({ options, trained, cpuSeconds }));
  console.log(JSON.stringify({ ...trained, cpuSeconds }));
  return trained;
}

async function ownPython(): Promise<string> {
  const found = await pythonEnvironment(REQUIREMENTS);
  if ('path' in found) return found.path;
  throw new Error(`${found.missing}; or name an interpreter with --python`);
}

/** The chosen names, all of them known. */
function names<Name extends string>(list: string, known: Readonly<Record<Name, unknown>>): Name[] {
  return list.split(',').map((name) => {
    if (Object.hasOwn(known, name)) return name as Name;
    throw new Error(`${name} is unknown; there are ${Object.keys(known).join(', ')}`);
  });
}
