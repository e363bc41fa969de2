import { Conductor } from './conductor.ts';
import type { Job } from './job.ts';
import type { MiningResult, Planned } from './stages.ts';
import { activity, plannedUnits, type Units } from './units.ts';

/**
 * SaHa (arXiv 2508.00955) over a corpus of any size: embed, look in document space, look back in query space, keep
 * what is hard and really negative. Reads like the paper; how a stage is done is in `activities`, how its units are
 * run in `conductor.ts`. Stable: other teams' workflows start it as a child.
 */
export async function mineHardNegatives({ job }: { readonly job: Job }): Promise<MiningResult> {
  const conductor = new Conductor(job.execution.window);
  const run = conductor.planned(await activity('plan', job.name)({ job }));
  if (run.manifest && run.funnel) return result(run, conductor, run.manifest.uri, run.funnel);
  const units = plannedUnits(run);

  await Promise.all([conductor.each(units.embedQueries), conductor.each(units.embedDocuments)]);
  if (run.given !== 'replace') {
    await conductor.each(units.index);
    await conductor.each(units.search);
  }
  if (run.given) await conductor.each(units.scoreGiven);
  await conductor.each(units.merge);
  if (run.rescores) await conductor.each(units.rescore);
  await lookCloser(run, conductor);
  await conductor.each(units.filter);
  if (run.strategy !== 'margin') await conductor.each(units.cluster);
  await Promise.all([conductor.each(units.measureRecall), writeTables(run, conductor)]);

  const { funnel } = await conductor.once(
    'report',
    activity('report', run.runId)({ ...ref(run), execution: conductor.execution }),
  );
  const { manifest } = await conductor.once('commit', activity('commit', run.runId)(ref(run)));
  return result(run, conductor, manifest.uri, funnel);
}

/** What the filters look at beside scores, each only where they ask for it; then the threshold that is left open. */
async function lookCloser(run: Planned, conductor: Conductor): Promise<void> {
  const units = plannedUnits(run);
  const features = run.features ?? [];
  if (run.strategy !== 'margin' || features.includes('owners')) await conductor.each(units.scoreOwners);
  if (features.includes('neighbours')) await conductor.each(units.hubness);
  if (features.includes('near_positives')) await conductor.each(units.nearPositives);
  if (features.includes('twins')) await conductor.each(units.twins);
  if (features.includes('pair')) {
    await conductor.each(units.metric);
    await Promise.all([conductor.each(units.queryPairs), conductor.each(units.documentPairs)]);
    await conductor.each(units.comparePairs);
    await conductor.each(units.pairHubness);
  }
  for (const judge of units.judges) await conductor.each(judge);
  if (!run.calibrates) return;
  await conductor.each(units.survey);
  await conductor.each(units.calibrate);
}

async function writeTables(run: Planned, conductor: Conductor): Promise<void> {
  const tables = await conductor.once('arrange', activity('arrange', run.runId)(ref(run)));
  const files = tables.map(({ table, parts }): Units => ({ stage: 'write', table, count: parts }));
  await Promise.all(files.map((units) => conductor.each(units)));
}

function ref({ cache, run }: Planned): { cache: string; run: string } {
  return { cache, run };
}

function result(
  run: Planned,
  conductor: Conductor,
  manifest: string,
  funnel: MiningResult['funnel'],
): MiningResult {
  const { stages, busySeconds } = conductor.execution;
  const { runId, output } = run;
  return { runId, output, manifest, alreadyCommitted: run.manifest !== null, funnel, stages, busySeconds };
}
