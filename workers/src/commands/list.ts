import { openStore } from '@quarry/activities/storage/open-store';
import { toUri } from '../job/resolve-paths.ts';
import { knownRuns } from '../run/known-runs.ts';
import { withServer } from '../run/reach-server.ts';
import type { Settings } from '../settings.ts';
import { columns, count, duration, share } from '../view/format.ts';
import { readable } from '../view/summary.ts';

export interface ListOptions {
  readonly output?: string;
  readonly limit: number;
  readonly json?: boolean;
}

/** `quarry list`: the runs that the server knows, or with `--output` those committed there. */
export async function list(options: ListOptions, settings: Settings): Promise<void> {
  if (options.output !== undefined) await listOutput(toUri(options.output, settings.directory), options);
  else await listServer(options, settings);
}

async function listServer({ limit, json }: ListOptions, settings: Settings): Promise<void> {
  await withServer(settings, async ({ client }) => {
    const rows: string[][] = [['run', 'status', 'started', 'took', 'output']];
    for await (const run of knownRuns(client)) {
      const { handle: _, ...facts } = run;
      if (json) console.log(JSON.stringify(facts));
      const took = ((run.ended ?? new Date()).getTime() - run.started.getTime()) / 1000;
      const status = run.status.toLowerCase();
      const started = run.started.toISOString().slice(0, 19).replace('T', ' ');
      rows.push([run.runId ?? run.workflowId, status, started, duration(took), readable(run.output ?? '')]);
      if (rows.length > limit) break;
    }
    if (!json) print(rows, 'The server knows no runs.');
  });
}

/** The part of a manifest that a list shows. */
interface Manifest {
  readonly runId: string;
  readonly funnel: { readonly candidates: number; readonly kept: number };
  readonly files: readonly { readonly rows: number }[];
}

async function listOutput(output: string, { limit, json }: ListOptions): Promise<void> {
  const store = openStore(output);
  const rows: string[][] = [['run', 'candidates', 'kept', 'share', 'rows']];
  for await (const { uri } of store.list(`${output}/runs/`)) {
    if (!uri.endsWith('/_manifest.json')) continue;
    const manifest = JSON.parse(new TextDecoder().decode(await store.read(uri))) as Manifest;
    if (json) console.log(JSON.stringify({ output: uri.slice(0, -'/_manifest.json'.length), ...manifest }));
    const { candidates, kept } = manifest.funnel;
    const written = manifest.files.reduce((sum, file) => sum + file.rows, 0);
    rows.push([manifest.runId, count(candidates), count(kept), share(kept, candidates), count(written)]);
    if (rows.length > limit) break;
  }
  if (!json) print(rows, `No run is committed under ${readable(output)}/runs.`, [1, 2, 3, 4]);
}

function print(rows: readonly (readonly string[])[], none: string, right: readonly number[] = []): void {
  console.log(rows.length === 1 ? none : columns(rows, right).join('\n'));
}
