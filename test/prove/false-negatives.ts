import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { JobInput } from '@quarry/workflows';
import { shared } from '../support/shared-data.ts';
import { anchorsOf } from './false-negatives/anchors.ts';
import { type Compared, compareMethods } from './false-negatives/compare-methods.ts';
import { type MinedSet, mineSet, type Workplace } from './false-negatives/mined-set.ts';
import { ratesPlot } from './false-negatives/plot.ts';
import { PROOF_SETS, type ProofSetName } from './false-negatives/sets.ts';
import { markdown, type Rate, ratesOf } from './false-negatives/tables.ts';

/**
 * The protocol of shared/reference/baselines.md: false-negative rates of every method at equal hardness, on five sets,
 * with bootstrap intervals. Vectors, pair vectors, hubness and thresholds are what the product's stages made of a job;
 * the pool is the whole corpus, so the methods are swept here over those vectors. Writes `rates.json`, `tables.md` and
 * `rates.svg` into `--directory`.
 */
export async function proveFalseNegatives(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      /** `minilm` (default), `quarry-mini`, or an encoder's directory */
      model: { type: 'string', default: 'minilm' },
      sets: { type: 'string', default: Object.keys(PROOF_SETS).join(',') },
      directory: { type: 'string', default: 'out/prove/false-negatives' },
      threads: { type: 'string', default: '2' },
    },
  });
  const cranfield = shared('data/cranfield');
  if (cranfield === null) throw new Error('the proof needs ../shared/data');
  const data = dirname(cranfield);
  const place = workplace(values.model, resolve(values.directory), data);
  const rates: Rate[] = [];
  for (const name of values.sets.split(',').map(setName)) {
    const set = await PROOF_SETS[name](data);
    const mined = await mineSet(place, name, set);
    const anchors = anchorsOf(set, mined);
    const compared = await compareMethods(mined, anchors, Number(values.threads));
    rates.push(...ratesOf(name, compared));
    console.log(`${name}: ${anchors.queries.length} anchors; ${asRun(mined, compared)}`);
    await publish(place, rates);
  }
  console.log(`\n${markdown(rates, 'attainable')}\n\n${markdown(rates, 'ratio')}`);
}

/** The set that is meant, whatever its capitals. */
function setName(given: string): ProofSetName {
  const names = Object.keys(PROOF_SETS) as ProofSetName[];
  const name = names.find((known) => known.toLowerCase() === given.trim().toLowerCase());
  if (!name) throw new Error(`--sets: ${given} is no set; there are ${names.join(', ')}`);
  return name;
}

function workplace(model: string, directory: string, data: string): Workplace {
  const models: Record<string, JobInput['model']> = {
    minilm: { kind: 'encoder', path: join(data, 'models/all-MiniLM-L6-v2') },
    'quarry-mini': { kind: 'generator', path: 'bundled:quarry-mini' },
  };
  const known = models[model];
  if (known) return { directory, model: known, name: model };
  const name = model
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return { directory, model: { kind: 'encoder', path: resolve(model) }, name };
}

/** What `best` gives at the threshold that it found by itself. */
function asRun({ pair }: MinedSet, { sweeps, thresholds, ceiling, positives }: Compared): string {
  const setting = thresholds.best.findIndex((threshold) => threshold >= pair.above);
  const point = sweeps.best.points('attainable', ceiling, positives)[Math.max(0, setting)]!;
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  return `best by itself: threshold ${pair.above.toFixed(3)}, ${percent(point.rate)} false at attainable hardness ${point.hardness.toFixed(2)}, ${percent(point.reached)} of the anchors keep a negative`;
}

async function publish({ directory, name }: Workplace, rates: readonly Rate[]): Promise<void> {
  await mkdir(directory, { recursive: true });
  const tables = `At attainable hardness .7 / .8 / .9:\n\n${markdown(rates, 'attainable')}\n\nAt ratio .6 / .7 / .8 / .9:\n\n${markdown(rates, 'ratio')}\n`;
  await writeFile(join(directory, `rates-${name}.json`), `${JSON.stringify(rates, null, 2)}\n`);
  await writeFile(join(directory, `tables-${name}.md`), tables);
  await writeFile(join(directory, `rates-${name}.svg`), ratesPlot(rates));
}
