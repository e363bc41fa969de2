import { resolve } from 'node:path';
import { type Exported, exportRun } from '@quarry/activities/exporters/export-run';
import type { Exporter } from '@quarry/activities/exporters/exporter';
import { EXPORTERS } from '@quarry/activities/exporters/exporters';
import { QuarryError } from '@quarry/activities/failures';
import { openStore } from '@quarry/activities/storage/open-store';
import { CommandError, type ExitCode } from '../command-error.ts';
import { openRun } from '../inspect/open-run.ts';
import { nearestName } from '../job/nearest-name.ts';
import { interruptions } from '../run/interruptions.ts';
import type { Settings } from '../settings.ts';
import { columns, count } from '../view/format.ts';
import { openScratch } from '../worker/scratch.ts';

export interface ExportOptions {
  readonly format: string;
  readonly to: string;
  readonly shape?: string;
  readonly json?: boolean;
}

/** `quarry export <run> --format F --to DIR`: a run in another trainer's format. */
export async function exportTo(name: string, options: ExportOptions, settings: Settings): Promise<ExitCode> {
  const exporter = chosen(options.format);
  const shape = chosenShape(exporter, options.shape);
  const run = await openRun(name, settings);
  const to = resolve(settings.directory, options.to);
  const scratch = openScratch(settings.cache);
  const stop = new AbortController();
  const ctrlC = interruptions(() => console.error('Stopping; nothing of the export will stand there.'));
  void ctrlC.first.then(() => stop.abort());
  try {
    const { signal } = stop;
    const exported = await exportRun({
      ...run,
      exporter,
      shape,
      to,
      scratch: scratch.directory,
      openStore,
      signal,
    });
    if (options.json)
      console.log(JSON.stringify({ runId: run.runId, format: exporter.name, to, ...exported }));
    else console.log(exportedLines(exported, to).join('\n'));
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

/** The formats, a line each. */
export function formatLines(): readonly string[] {
  return EXPORTERS.map(({ name, description, shapes }) => {
    const choice = shapes.length > 0 ? ` (--shape ${shapes.join(' | ')})` : '';
    return `  ${name.padEnd(22)} ${description}${choice}`;
  });
}

function chosen(format: string): Exporter {
  const found = EXPORTERS.find(({ name }) => name === format);
  if (found) return found;
  const names = EXPORTERS.map(({ name }) => name);
  const meant = nearestName(format, names);
  const hint = meant ? `did you mean ${meant}?` : 'is no format;';
  throw new CommandError(2, `--format ${format}: ${hint} formats are\n${formatLines().join('\n')}`);
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

function exportedLines({ files, leftOut }: Exported, to: string): readonly string[] {
  const rows = files.map(({ path, rows, bytes }) => [path, count(rows), count(bytes)]);
  return [
    `Written to ${to}`,
    ...columns([['file', 'rows', 'bytes'], ...rows], [1, 2]),
    ...leftOut.map(({ rows, reason }) => `Left out: ${count(rows)} ${reason}`),
  ];
}
