import type { Report } from '@quarry/activities/report/report-schema';
import { arrange } from '@quarry/activities/stages/arrange';
import { report } from '@quarry/activities/stages/report';
import { write } from '@quarry/activities/stages/write';
import { type Fabrication, fabricateRun } from '../tables/fabricated-run.ts';

const stage = { units: 4, computed: 3, reused: 1, rows: 4000, seconds: 1.5 };
const execution = { startedAt: '2026-01-01T00:00:00Z', stages: { embed: stage }, busySeconds: 1.5 };

/** The report of a small run, as the stage put it out. */
export interface Reported {
  readonly report: Report;
  readonly page: string;
  readonly card: string;
}

/** Makes a run up to its report. */
export async function reportedRun(options: Fabrication): Promise<Reported> {
  const made = await fabricateRun(options);
  for (const { table, parts } of await arrange(made.context, made.unit)) {
    for (let part = 0; part < parts; part++) await write(made.context, { ...made.unit, table, part });
  }
  await report(made.context, { ...made.unit, execution });
  const read = async (name: string): Promise<string> => {
    const uri = `${made.run.job.output.path}/runs/${made.run.runId}/${name}`;
    return new TextDecoder().decode(await made.context.openStore(uri).read(uri));
  };
  return {
    report: JSON.parse(await read('report.json')),
    page: await read('report.html'),
    card: await read('README.md'),
  };
}
