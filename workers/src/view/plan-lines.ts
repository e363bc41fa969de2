import type { RunDocument } from '@quarry/activities/stages/run-document';
import type { Planned } from '@quarry/workflows';
import { chainOf } from '@quarry/workflows/chain';
import type { StageUnits } from '../run/planned-units.ts';
import { bytes, columns, count } from './format.ts';
import { readable } from './summary.ts';

/** What `quarry plan` found out. */
export interface Outlook {
  readonly workflowId: string;
  readonly planned: Planned;
  readonly document: RunDocument;
  readonly stages: readonly StageUnits[];
  readonly planReused: boolean;
}

/** The filters that will run, in order, with their parameters. */
function chainLine({ job, plan }: RunDocument): string {
  const links = chainOf(job.mining, plan).map(({ name, ...parameters }) => {
    const given = Object.entries(parameters).map(([key, value]) => `${key} ${value}`);
    return given.length > 0 ? `${name} (${given.join(', ')})` : name;
  });
  const { rescore } = job.mining;
  if (rescore) links.unshift(`scores by ${readable(rescore.path)}`);
  return [...links, job.mining.strategy === 'saha' ? 'claims by owners' : 'sampling'].join(' > ');
}

const FLOAT_BYTES = 4;

/** What would be done, for a person. */
export function planLines({ workflowId, planned, document, stages, planReused }: Outlook): readonly string[] {
  const { plan, model, search } = document;
  const part = Math.max(...search.parts.map(({ documents }) => documents.end - documents.start));
  const vectors = (rows: number): string => bytes(rows * model.dimension * FLOAT_BYTES);
  const left = stages.reduce((sum, { units, cached }) => sum + units - cached, 0);
  const facts = [
    ['run', planned.runId],
    ['workflow', workflowId],
    [
      'output',
      `${readable(planned.output)}${planned.manifest ? '  (committed already: mine has nothing to do)' : ''}`,
    ],
    ['cache', readable(planned.cache)],
    ['documents', `${count(plan.documents)}, ${count(plan.unownedDocuments)} of them without an owner`],
    [
      'queries',
      `${count(plan.queries)}, and ${count(plan.unminedQueries)} without a positive, which are not mined`,
    ],
    ['pairs', `${count(plan.pairs)}, at most ${count(plan.maxPositives)} for one query`],
    ['bad rows', count(plan.quarantined)],
    [
      'shards',
      `${count(plan.documentShards.length)} of documents, ${count(plan.queryShards.length)} of queries`,
    ],
    ['model', `${model.kind} ${readable(model.path)}, ${model.dimension} dimensions`],
    ['engine', `${search.engine}: ${search.why}`],
    ['candidates', `${count(search.k)} per query (k)`],
    ['chain', chainLine(document)],
    ['vectors', `${vectors(plan.documents + plan.queries)} in the cache`],
    [
      'memory',
      `${vectors(part)} for the largest of ${count(search.parts.length)} index parts, beside model and buffers`,
    ],
  ];
  const rows = stages.map(({ stage, units, cached }) => [
    stage,
    count(units),
    count(cached),
    count(units - cached),
  ]);
  return [
    ...columns(facts),
    '',
    ...columns(
      [
        ['stage', 'units', 'cached', 'to do'],
        ['plan', '1', planReused ? '1' : '0', planReused ? '0' : '1'],
        ...rows,
      ],
      [1, 2, 3],
    ),
    '',
    left === 0 && planReused
      ? 'Only tables and report are left to write, where they are not there already.'
      : 'After these the tables are written: their files depend on what is kept.',
  ];
}
