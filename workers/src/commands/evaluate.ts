import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { compareRuns, type SeriesRun } from '@quarry/activities/evaluation/compare-runs';
import { evaluateRun } from '@quarry/activities/evaluation/evaluate-run';
import { evaluationCsv } from '@quarry/activities/evaluation/evaluation-csv';
import { QuarryError } from '@quarry/activities/failures';
import { createPool } from '@quarry/activities/pool/pool';
import { openStore } from '@quarry/activities/storage/open-store';
import { CommandError, type ExitCode } from '../command-error.ts';
import { openRun } from '../inspect/open-run.ts';
import { toUri } from '../job/resolve-paths.ts';
import { interruptions } from '../run/interruptions.ts';
import type { Settings } from '../settings.ts';
import { evaluatedLines } from '../view/evaluated.ts';
import { openScratch } from '../worker/scratch.ts';

export interface EvaluateOptions {
  readonly truth: string;
  readonly minRelevance: number;
  readonly csv?: string;
  readonly plot?: string;
  readonly json?: boolean;
}

/** `quarry evaluate <run...> --truth FILE`: how many of a run's negatives are false. */
export async function evaluate(
  names: readonly string[],
  options: EvaluateOptions,
  settings: Settings,
): Promise<ExitCode> {
  const scratch = openScratch(settings.cache);
  const stop = new AbortController();
  const ctrlC = interruptions(() => console.error('Stopping.'));
  void ctrlC.first.then(() => stop.abort());
  const context = {
    openStore,
    scratch: scratch.directory,
    pool: createPool({ threads: 1 }),
    threads: 2,
    signal: stop.signal,
    progress: () => undefined,
  };
  try {
    const truth = toUri(options.truth, settings.directory);
    const runs: SeriesRun[] = [];
    const notes = new Set<string>();
    for (const name of names) {
      const { series, run } = seriesOf(name, settings);
      const found = await evaluateRun(context, await openRun(run, settings), truth, options.minRelevance);
      for (const note of found.notes) notes.add(`${found.evaluations[0]!.run}: ${note}`);
      for (const evaluation of found.evaluations)
        runs.push({ series: series ?? evaluation.strategy, evaluation });
    }
    const triplets = runs.filter(({ evaluation }) => evaluation.table === 'triplet');
    const equalHardness = compareRuns(triplets);
    if (options.plot) await writePlot(triplets, resolve(settings.directory, options.plot));
    if (options.csv) await writeFile(resolve(settings.directory, options.csv), evaluationCsv(runs));
    if (options.json) {
      const rows = runs.map(({ series, evaluation }) => ({ ...evaluation, series }));
      console.log(JSON.stringify({ runs: rows, equalHardness, notes: [...notes] }));
    } else console.log(evaluatedLines(runs, equalHardness, [...notes]).join('\n'));
    return 0;
  } catch (error) {
    if (ctrlC.interrupted) return 130;
    // Whatever is wrong with the run or the truth is the caller's to change.
    if (error instanceof QuarryError) throw new CommandError(2, error.message, { cause: error });
    throw error;
  } finally {
    await context.pool.close();
    scratch.remove();
  }
}

/** Loads what draws only now: that takes half a second. */
async function writePlot(triplets: readonly SeriesRun[], path: string): Promise<void> {
  const { hardnessPlot } = await import('@quarry/activities/evaluation/hardness-plot');
  const svg = hardnessPlot(triplets);
  if (svg === null)
    throw new CommandError(2, `--plot ${path}: no triplet was judged, so there is nothing to draw`);
  await writeFile(path, svg);
}

/** `NAME=RUN` puts a run in a series of its own; otherwise runs of one strategy are one series. */
function seriesOf(
  given: string,
  settings: Settings,
): { readonly series: string | undefined; readonly run: string } {
  const named = /^([^=/:\\]+)=(.+)$/.exec(given);
  if (!named || existsSync(resolve(settings.directory, given))) return { series: undefined, run: given };
  return { series: named[1], run: named[2]! };
}
