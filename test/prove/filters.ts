import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { JobInput } from '@quarry/workflows/job';
import { shared } from '../support/shared-data.ts';
import { SETTINGS, SKIPPED } from './filters/settings.ts';
import { effectTable, type Measured } from './filters/table.ts';
import { quarryCommand } from './quarry-command.ts';
import { SETS, type SetName } from './training/sets.ts';
import { writeTrainingSet } from './training/training-set.ts';

/** Negatives of a query, and the last rank that is looked at. */
const NEGATIVES = 3;
const DEPTH = 200;

/** Sets of the training proof whose hidden positives are many enough. */
const MEASURED = ['banking77', 'captions'] as const satisfies readonly SetName[];

/**
 * What each filter does alone: negatives mined with it and nothing else, their false-negative rate against hidden positives,
 * and the rate at which skipping the first ranks reaches the same attainable hardness. MiniLM; every run is the product's.
 */
export async function proveFilters(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { work: { type: 'string', default: 'out/prove/filters' }, cache: { type: 'string' } },
  });
  const minilm = shared('data/models/all-MiniLM-L6-v2');
  if (!minilm) throw new Error('this proof needs ../shared/data');
  const work = resolve(values.work);
  const cache = pathToFileURL(resolve(values.cache ?? join(work, 'cache'))).href;
  const measured: Measured[] = [];
  for (const set of MEASURED) {
    const path = join(work, 'sets', set);
    if (!existsSync(path)) await writeTrainingSet(path, await SETS[set].make(dirname(dirname(minilm))));
    for (const [i, setting] of [...SKIPPED, ...SETTINGS].entries()) {
      const job: JobInput = {
        name: `${set}-${i}`,
        input: { format: 'beir', path, split: 'train' },
        model: { kind: 'encoder', path: minilm },
        mining: { strategy: 'margin', numNegatives: NEGATIVES, rangeMax: DEPTH, ...setting.mining },
        output: { path: join(work, 'out'), tables: ['triplet', 'candidates'] },
        cache,
      };
      measured.push({ set, ...setting, ...(await rateOf(work, job)) });
    }
    await writeFile(join(work, 'filters.md'), effectTable(measured));
  }
  console.log(effectTable(measured));
}

/** Mines, and counts what was hidden. */
async function rateOf(
  work: string,
  job: JobInput,
): Promise<Pick<Measured, 'rate' | 'attainable' | 'filled'>> {
  await mkdir(work, { recursive: true });
  const file = join(work, `${job.name}.json`);
  await writeFile(file, JSON.stringify(job, null, 2));
  const home = join(work, 'home');
  const { output } = await quarryCommand<{ output: string }>(['mine', file], home);
  const truth = join(job.input.path, 'qrels', 'hidden.tsv');
  const { runs } = await quarryCommand<{
    runs: (Pick<Measured, 'rate' | 'attainable' | 'filled'> & { table: string })[];
  }>(['evaluate', fileURLToPath(output), '--truth', truth], home);
  const { rate, attainable, filled } = runs.find(({ table }) => table === 'triplet')!;
  return { rate, attainable, filled };
}
