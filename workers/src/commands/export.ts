import { checkOptions, type ExportOptions } from '@quarry/activities/exporters/export-options';
import { exportRun } from '@quarry/activities/exporters/export-run';
import type { Exporter } from '@quarry/activities/exporters/exporter';
import { EXPORTERS } from '@quarry/activities/exporters/exporters';
import { QuarryError } from '@quarry/activities/failures';
import { openStore } from '@quarry/activities/storage/open-store';
import { CommandError, type ExitCode } from '../command-error.ts';
import { openRun } from '../inspect/open-run.ts';
import { nearestName } from '../job/nearest-name.ts';
import { toUri } from '../job/resolve-paths.ts';
import { interruptions } from '../run/interruptions.ts';
import type { Settings } from '../settings.ts';
import { exportedLines, formatLines } from '../view/exported.ts';
import { readable } from '../view/summary.ts';
import { openScratch } from '../worker/scratch.ts';

/** What the command line gives. */
export interface ExportArguments {
  readonly format: string;
  readonly to?: string;
  readonly shape?: string;
  readonly negatives?: number;
  readonly scores?: true | string;
  readonly prompt?: string;
  readonly split?: string;
  readonly chunk?: number;
  readonly images?: boolean;
  readonly at?: string;
  readonly json?: boolean;
}

/** `quarry export <run> --format F --to DIR`: a run in another trainer's format. `--format list` lists them. */
export async function exportTo(
  name: string | undefined,
  given: ExportArguments,
  settings: Settings,
): Promise<ExitCode> {
  if (given.format === 'list') {
    console.log(formatLines().join('\n'));
    return 0;
  }
  const exporter = chosen(given.format);
  const options = chosenOptions(exporter, given);
  if (name === undefined || given.to === undefined)
    throw new CommandError(
      2,
      'quarry export <run> --format <name> --to <place>: a run and a place are needed',
    );
  const to = toUri(given.to, settings.directory);
  const run = await openRun(name, settings);
  const scratch = openScratch(settings.cache);
  const stop = new AbortController();
  const ctrlC = interruptions(() => console.error('Stopping; nothing of the export will stand there.'));
  void ctrlC.first.then(() => stop.abort());
  try {
    const exported = await exportRun({
      ...run,
      exporter,
      options,
      to,
      scratch: scratch.directory,
      openStore,
      signal: stop.signal,
    });
    const place = readable(to);
    if (given.json)
      console.log(JSON.stringify({ runId: run.runId, format: exporter.name, to: place, ...exported }));
    else console.log(exportedLines(exported, place).join('\n'));
    return 0;
  } catch (error) {
    if (ctrlC.interrupted) return 130;
    // Whatever is wrong with the run or the target is the command's to change; nothing stands at the target.
    if (error instanceof QuarryError) throw new CommandError(2, error.message, { cause: error });
    throw error;
  } finally {
    scratch.remove();
  }
}

function chosen(format: string): Exporter {
  const found = EXPORTERS.find(({ name }) => name === format);
  if (found) return found;
  const names = EXPORTERS.map(({ name }) => name);
  const meant = nearestName(format, names);
  const hint = meant ? `did you mean ${meant}?` : 'is no format;';
  throw new CommandError(2, `--format ${format}: ${hint} formats are\n${formatLines().join('\n')}`);
}

function chosenOptions(exporter: Exporter, given: ExportArguments): ExportOptions {
  const { negatives, prompt, split, chunk, images, at } = given;
  const options: ExportOptions = {
    shape: chosenShape(exporter, given.shape),
    scores: chosenScores(given.scores),
    negatives,
    prompt,
    split,
    chunk,
    images,
    at,
  };
  try {
    checkOptions(exporter, options);
  } catch (error) {
    throw new CommandError(2, (error as Error).message, { cause: error });
  }
  return options;
}

function chosenScores(given: true | string | undefined): ExportOptions['scores'] {
  if (given === undefined) return undefined;
  if (given === true || given === 'scores') return 'scores';
  if (given === 'margin') return 'margin';
  throw new CommandError(2, `--scores ${given}: it is --scores, or --scores margin`);
}

function chosenShape({ name, shapes }: Exporter, shape: string | undefined): string {
  if (shape === undefined) return shapes[0] ?? '';
  if (shapes.includes(shape)) return shape;
  if (shapes.length === 0)
    throw new CommandError(2, `--shape ${shape}: ${name} has one shape only; leave it out`);
  const meant = nearestName(shape, shapes);
  throw new CommandError(
    2,
    `--shape ${shape}: ${meant ? `did you mean ${meant}?` : 'is no shape;'} shapes of ${name} are ${shapes.join(', ')}`,
  );
}
