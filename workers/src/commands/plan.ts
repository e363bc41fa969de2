import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createPool } from '@quarry/activities/pool/pool';
import { plan as planStage } from '@quarry/activities/stages/plan';
import { readRunDocument } from '@quarry/activities/stages/run-document';
import { openStore } from '@quarry/activities/storage/open-store';
import { readJobFile, workflowIdOf } from '../job/job-file.ts';
import { overlayStores } from '../run/overlay-store.ts';
import { plannedUnits } from '../run/planned-units.ts';
import type { Settings } from '../settings.ts';
import { planLines } from '../view/plan-lines.ts';
import { openScratch } from '../worker/scratch.ts';

export interface PlanOptions {
  readonly set?: readonly string[];
  readonly output?: string;
  readonly json?: boolean;
}

/**
 * `quarry plan <job>`: runs the real plan stage over stores that change nothing, and says what would be done. Costs what
 * the plan of the run costs: the input is read once, unless its plan lies in the cache. A model that had to be fetched or
 * prepared stays in `QUARRY_CACHE`, which it says on standard error.
 */
export async function plan(path: string, options: PlanOptions, settings: Settings): Promise<void> {
  const job = readJobFile(path, { ...options, directory: settings.directory });
  const scratch = openScratch(settings.cache);
  const modelsBefore = await entriesOf(scratch.models);
  const pool = createPool({ threads: 1 });
  try {
    const dependencies = {
      openStore: overlayStores(openStore, `${scratch.directory}/overlay`),
      hub: { ...settings.hub, notice: console.error },
      scratch: scratch.directory,
      models: scratch.models,
      pool,
      threads: 1,
    };
    const context = { ...dependencies, signal: new AbortController().signal, progress: () => {} };
    const planned = await planStage(context, { job });
    const document = await readRunDocument(dependencies, planned);
    const stages = await plannedUnits(document, planned.cache, dependencies.openStore);
    for (const name of await entriesOf(scratch.models))
      if (!modelsBefore.includes(name)) console.error(keptModel(join(scratch.models, name)));
    const planReused = planned.planned.reused;
    const outlook = { workflowId: workflowIdOf(job), planned, document, stages, planReused };
    if (!options.json) console.log(planLines(outlook).join('\n'));
    else {
      const { runId, output, manifest, documents, queries, pairs, quarantined } = planned;
      const facts = { runId, output, committed: manifest !== null, documents, queries, pairs, quarantined };
      const { model, search } = document;
      console.log(JSON.stringify({ workflowId: outlook.workflowId, ...facts, model, search, stages }));
    }
  } finally {
    await pool.close();
    scratch.remove();
  }
}

async function entriesOf(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch(() => []);
  return names.filter((name) => !name.endsWith('.lock'));
}

/** A model that is fetched or prepared on the way is dear, and what the run needs: it stays, but not in silence. */
function keptModel(directory: string): string {
  return `kept for the run: ${directory}, the model as it was fetched or prepared for this machine (removed after 30 days without use)`;
}
