import { resolve } from 'node:path';
import { churnOf } from '@quarry/activities/evaluation/churn';
import type { CommittedRun } from '@quarry/activities/evaluation/open-tables';
import {
  PROMOTIONS,
  type Sheet,
  sampleOfNegatives,
  writeVerdictSheet,
} from '@quarry/activities/evaluation/verdict-sheet';
import { QuarryError } from '@quarry/activities/failures';
import { createPool } from '@quarry/activities/pool/pool';
import type { StageContext } from '@quarry/activities/stages/stage-context';
import { openStore } from '@quarry/activities/storage/open-store';
import { CommandError } from '../command-error.ts';
import { openRun } from '../inspect/open-run.ts';
import type { Settings } from '../settings.ts';
import { columns, count, share } from '../view/format.ts';
import { openScratch } from '../worker/scratch.ts';

/** `quarry promote <run> --to FILE`: what looks like missing positives, for people to accept. */
export async function promote(
  name: string,
  options: { readonly to: string; readonly json?: boolean },
  settings: Settings,
): Promise<void> {
  await writeSheet(
    name,
    { ...options, sheet: PROMOTIONS, what: 'candidates that look like missing positives' },
    settings,
  );
}

/** `quarry label <run> --to FILE`: a sample of the negatives, for people to say which are false. */
export async function label(
  name: string,
  options: { readonly to: string; readonly rows: number; readonly json?: boolean },
  settings: Settings,
): Promise<void> {
  const sheet = sampleOfNegatives(options.rows);
  await writeSheet(name, { ...options, sheet, what: 'negatives, drawn at random' }, settings);
}

async function writeSheet(
  name: string,
  options: { readonly to: string; readonly json?: boolean; readonly sheet: Sheet; readonly what: string },
  settings: Settings,
): Promise<void> {
  const to = resolve(settings.directory, options.to);
  await withRuns([name], settings, async (context, [run]) => {
    const rows = await writeVerdictSheet(context, run!, options.sheet, to).catch((error) => {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST')
        throw new CommandError(2, `--to ${to} exists, perhaps with verdicts in it; name another file`);
      throw error;
    });
    if (options.json) console.log(JSON.stringify({ runId: run!.runId, to, rows }));
    else
      console.log(
        `${count(rows)} ${options.what}: ${to}\nFill in verdict (positive or negative), then: quarry evaluate ${name} --truth ${to}`,
      );
  });
}

/** `quarry churn <run> <previous>`: how the negatives of a round differ from those of an earlier one. */
export async function churn(
  names: readonly [run: string, previous: string],
  options: { readonly json?: boolean },
  settings: Settings,
): Promise<void> {
  await withRuns(names, settings, async (context, [run, previous]) => {
    const found = await churnOf(context, run!, previous!);
    if (options.json) {
      console.log(JSON.stringify(found));
      return;
    }
    const { queries, newQueries, goneQueries, same, added, removed, removedFor } = found;
    const rows = [
      ['queries in both', count(queries), `${count(newQueries)} new, ${count(goneQueries)} gone`],
      ['negatives kept by both', count(same), ''],
      ['new negatives', count(added), ''],
      ['no longer negatives', count(removed), `churn ${share(removed, same + removed)}`],
      ...Object.entries(removedFor).map(([reason, n]) => [`  now ${reason}`, count(n), share(n, removed)]),
    ];
    console.log(columns(rows, [1]).join('\n'));
  });
}

async function withRuns(
  names: readonly string[],
  settings: Settings,
  use: (context: StageContext, runs: readonly CommittedRun[]) => Promise<void>,
): Promise<void> {
  const scratch = openScratch(settings.cache);
  const pool = createPool({ threads: 1 });
  const { signal } = new AbortController();
  const context = {
    openStore,
    scratch: scratch.directory,
    pool,
    threads: 2,
    signal,
    progress: () => undefined,
  };
  try {
    const runs: CommittedRun[] = [];
    for (const name of names) runs.push(await openRun(name, settings));
    await use(context, runs);
  } catch (error) {
    if (error instanceof QuarryError) throw new CommandError(2, error.message, { cause: error });
    throw error;
  } finally {
    await pool.close();
    scratch.remove();
  }
}
