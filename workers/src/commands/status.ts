import type { MiningResult } from '@quarry/workflows';
import { explainFailure } from '../run/explain-failure.ts';
import { findRun } from '../run/known-runs.ts';
import { withServer } from '../run/reach-server.ts';
import { takeSnapshot } from '../run/snapshot.ts';
import type { Settings } from '../settings.ts';
import { workflowLink } from '../temporal-target.ts';
import { columns, count } from '../view/format.ts';
import { styleFor } from '../view/style.ts';
import { readable, summaryLines } from '../view/summary.ts';

/** `quarry status <run>`: how far a run is, or how it ended. */
export async function status(id: string, { json }: { json?: boolean }, settings: Settings): Promise<void> {
  await withServer(settings, async ({ client, target }) => {
    const { handle, ...run } = await findRun(client, id);
    const running = run.status === 'RUNNING';
    const progress = running ? await takeSnapshot(handle, 3_000) : null;
    const result = run.status === 'COMPLETED' ? ((await handle.result()) as MiningResult) : null;
    const failure = running || result ? null : await handle.result().then(() => null, explainFailure);
    if (json) {
      console.log(JSON.stringify({ ...run, progress, result, failure }));
      return;
    }
    console.log(`${run.runId ?? run.workflowId}: ${run.status.toLowerCase()}, workflow ${run.workflowId}`);
    if (result) console.log(summaryLines(result, styleFor(process.stdout, settings.color)).join('\n'));
    if (failure)
      console.log(`${failure.stage ? `stage ${failure.stage}, ` : ''}${failure.type}: ${failure.message}`);
    if (progress) {
      const rows = progress.stages.map(({ stage, done, units, reused, inFlight }) => [
        stage,
        `${Math.floor((100 * (done + inFlight)) / units)} %`,
        `${count(done)} of ${count(units)} units`,
        `${count(reused)} reused`,
      ]);
      console.log(columns(rows, [1]).join('\n'));
    } else if (running)
      console.log(
        'No worker answers: start its command (or the workers) again, it goes on from where it was.',
      );
    if (run.output && !result) console.log(`Output      ${readable(run.output)}`);
    const link = workflowLink(target, run.workflowId);
    if (link) console.log(`Temporal UI ${link}`);
  });
}
