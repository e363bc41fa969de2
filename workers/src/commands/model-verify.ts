import type { Check } from '@quarry/activities/embedder/verify/check';
import { verifyModel } from '@quarry/activities/embedder/verify/verify-model';
import { openStore } from '@quarry/activities/storage/open-store';
import type { ExitCode } from '../command-error.ts';
import { generatorJob } from '../job/generator-job.ts';
import { toUri } from '../job/resolve-paths.ts';
import type { Settings } from '../settings.ts';
import { columns } from '../view/format.ts';
import { openScratch } from '../worker/scratch.ts';

export interface VerifyOptions {
  readonly dtype?: string;
  readonly file?: string;
  readonly json?: boolean;
}

const THREADS = 2;
const MARKS = { ok: 'ok', noted: 'note', skipped: '-', failed: 'FAILED' } as const;

/** `quarry model verify REF`: proves on this machine that a generator works; 1 where a check fails. */
export async function verify(
  reference: string,
  options: VerifyOptions,
  settings: Settings,
): Promise<ExitCode> {
  const { json } = options;
  const path = toUri(reference, settings.directory);
  const model = generatorJob(path, options);
  const scratch = openScratch(settings.cache);
  try {
    const { directory: own, models } = scratch;
    const hub = { ...settings.hub, notice: console.error };
    const context = { openStore, scratch: own, models, threads: THREADS, hub };
    const checks = await verifyModel(context, model);
    const failing = checks.some(({ outcome }) => outcome === 'failed');
    if (json) console.log(JSON.stringify({ model: path, ok: !failing, checks }));
    else console.log(checkLines(path, checks).join('\n'));
    return failing ? 1 : 0;
  } finally {
    scratch.remove();
  }
}

function checkLines(path: string, checks: readonly Check[]): readonly string[] {
  const rows = checks.map(({ name, outcome, detail }) => [name, MARKS[outcome], detail]);
  return [path, ...columns([['check', 'result', ''], ...rows])];
}
