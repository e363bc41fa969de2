import { openStore } from '@quarry/activities/storage/open-store';
import { CommandError } from '../command-error.ts';
import type { OpenRun } from './open-run.ts';

/** A query and its likeliest false negative. */
export interface SuspectQuery {
  readonly query: string;
  readonly document: string;
}

/** The suspects that a run's `report.json` lists, the likeliest first. A CommandError where it lists none. */
export async function readSuspects(run: OpenRun): Promise<readonly SuspectQuery[]> {
  const uri = `${run.directory}/report.json`;
  const bytes = await openStore(uri).readIfPresent(uri);
  const suspects = bytes ? (JSON.parse(new TextDecoder().decode(bytes)) as ReportFile).suspects : undefined;
  if (suspects === undefined)
    throw new CommandError(
      2,
      bytes
        ? `${uri} lists no suspects: it was written by an earlier version; remove the run's directory and start the job again, which writes it anew from the cache`
        : `${uri} is not there, and --suspects reads it; start the job again, or use --sample`,
    );
  return suspects;
}

interface ReportFile {
  readonly suspects?: readonly SuspectQuery[];
}
