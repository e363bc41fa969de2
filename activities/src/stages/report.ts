import { createHash } from 'node:crypto';
import type { Execution, Funnel, Ref, RunRef } from '@quarry/workflows';
import { buildReport } from '../report/build-report.ts';
import { dataSetCard } from '../report/data-set-card.ts';
import { readExamples } from '../report/examples.ts';
import { readGroups } from '../report/group-figures.ts';
import { readQuarantined } from '../report/quarantined.ts';
import { readClusters, readFiles, readMining, readRecall, readRetrieval } from '../report/run-figures.ts';
import { runDirectory, tableShape } from './arrangement.ts';
import { readCalibration } from './calibrate.ts';
import { readRunDocument } from './run-document.ts';
import type { StageContext } from './stage-context.ts';

/**
 * Puts `report.json`, `report.html`, the data set card (`README.md`) and `job.json` into the run's directory. They hold what a person
 * asks of a run; the manifest hashes none of them, so times may stand here.
 *
 * Memory: the figures of 32 units, the list of files, and of the texts thirty examples.
 */
export async function report(
  context: StageContext,
  unit: RunRef & { readonly execution: Execution },
): Promise<{ readonly report: Ref; readonly funnel: Funnel }> {
  const run = await readRunDocument(context, unit);
  const mining = await readMining(context, unit, run);
  const found = {
    mining,
    clusters: await readClusters(context, unit, run),
    groups: await readGroups(context, unit, run),
    retrieval: await readRetrieval(context, unit, run),
    recall: await readRecall(context, unit, run),
    quarantined: await readQuarantined(context, unit, run),
    execution: unit.execution,
    ...(await readFiles(context, unit, run)),
    calibration: await readCalibration(context, unit, run),
    examples: await readExamples(context, unit, run, mining.suspects),
  };
  const built = buildReport(run, found);
  const directory = runDirectory(run);
  const store = context.openStore(directory);
  const put = async (name: string, text: string): Promise<Ref> => {
    const bytes = new TextEncoder().encode(text);
    const uri = `${directory}/${name}`;
    context.signal.throwIfAborted();
    await store.write(uri, bytes);
    return { uri, rows: 1, sha256: createHash('sha256').update(bytes).digest('hex') };
  };
  await put('job.json', `${JSON.stringify(run.job, null, 2)}\n`);
  await put('README.md', dataSetCard(built, tableShape(run)));
  // Loaded here: plots bring a library that no other stage needs.
  const { reportPage } = await import('../report/page/report-page.ts');
  await put('report.html', reportPage(built));
  const ref = await put('report.json', `${JSON.stringify(built, null, 2)}\n`);
  return { report: ref, funnel: mining.funnel };
}
