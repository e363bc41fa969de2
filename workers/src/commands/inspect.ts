import { REASONS } from '@quarry/workflows';
import { CommandError } from '../command-error.ts';
import { openRun } from '../inspect/open-run.ts';
import { RunReader } from '../inspect/run-reader.ts';
import { nearestName } from '../job/nearest-name.ts';
import type { Settings } from '../settings.ts';
import { inspectedLines } from '../view/inspected.ts';
import { styleFor } from '../view/style.ts';
import { openScratch } from '../worker/scratch.ts';

export interface InspectOptions {
  readonly query?: string;
  readonly sample?: number;
  readonly reason?: string;
  readonly limit: number;
  readonly json?: boolean;
}

const DEFAULT_SAMPLE = 3;

/** `quarry inspect <run>`: queries with what was kept, what was dropped and why. */
export async function inspect(name: string, options: InspectOptions, settings: Settings): Promise<void> {
  const { query, reason, limit, json } = options;
  checkReason(reason);
  const run = await openRun(name, settings);
  const scratch = openScratch(settings.cache);
  let reader: RunReader | undefined;
  try {
    reader = await RunReader.open(run, scratch.directory);
    const sample = options.sample ?? (query === undefined ? DEFAULT_SAMPLE : 1);
    const ids = await reader.queryIds({ query, reason, sample });
    if (ids.length === 0)
      throw new CommandError(
        2,
        `${run.runId} has no query${query === undefined ? '' : ` ${query}`} ${reason ? `with a candidate dropped for ${reason}` : 'with candidates'}`,
      );
    const style = styleFor(process.stdout, settings.color);
    for (const id of ids) {
      const found = { ...(await reader.queryOf(id)), candidates: await reader.candidatesOf(id) };
      if (json) console.log(JSON.stringify(found));
      else
        console.log(
          inspectedLines(found, { limit, reason, style, width: process.stdout.columns ?? 120 }).join('\n'),
        );
    }
    if (!json && !run.document)
      console.log(
        `Texts of dropped candidates lie in the cache, and ${run.cache} holds nothing of this run.`,
      );
  } finally {
    reader?.close();
    scratch.remove();
  }
}

function checkReason(reason: string | undefined): void {
  const dropped = REASONS.slice(1);
  if (reason === undefined || dropped.includes(reason as (typeof REASONS)[number])) return;
  const meant = nearestName(reason, dropped);
  throw new CommandError(
    2,
    `--reason ${reason}: ${meant ? `did you mean ${meant}?` : 'is not a reason;'} reasons are ${dropped.join(', ')}`,
  );
}
