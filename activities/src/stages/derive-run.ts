import { createHash } from 'node:crypto';
import type { Job } from '@quarry/workflows';
import { candidatesPerQuery } from '@quarry/workflows/candidates-per-query';
import { partition } from '@quarry/workflows/partition';
import type { PlanFigures } from '../dataset/plan-input.ts';
import type { ModelIdentity } from '../embedder/model-identity.ts';
import { chooseEngine } from '../index/choose-engine.ts';
import type { AskedIdentity, JudgeIdentity } from '../judges/describe-judge.ts';
import { jobHash } from './job-hash.ts';
import type { Plan, RunDocument, SearchPlan } from './run-document.ts';
import { groupsOfPlan } from './run-groups.ts';
import { runVersions } from './run-versions.ts';

/** Digits of a run's id behind its name. */
const ID_DIGITS = 12;

/** What a run is derived from. */
export interface RunParts {
  readonly job: Job;
  readonly plan: Plan;
  readonly planKey: string;
  readonly figures: Pick<PlanFigures, 'maxSelf' | 'sourceOrder'>;
  readonly model: ModelIdentity;
  readonly judges: readonly JudgeIdentity[];
  readonly rescorer: AskedIdentity | null;
}

/** The run document: a pure function of the job, the normalised input, the model and the versions. */
export function deriveRun(parts: RunParts): RunDocument {
  const { job, plan, planKey, figures, model: described, judges, rescorer } = parts;
  const model = boundToRows(described, figures.sourceOrder);
  const versions = runVersions();
  const search = searchPlan(job, plan, model, figures.maxSelf);
  const asked = { ...(judges.length > 0 && { judges }), ...(rescorer && { rescorer }) };
  const run = { job, plan, planKey, model, search, versions, ...asked };
  return { runId: runId(run), ...run };
}

/**
 * `<name>-<12 hex of sha256(job, fingerprints, model, versions)>`: equal runs have equal ids, wherever their files lie and
 * however the work is cut. With `hnswlib` the cut decides which graphs are built, so that it is a part of the id.
 */
export function runId({
  job,
  plan,
  model,
  search,
  versions,
  judges = [],
  rescorer,
}: Pick<RunDocument, 'job' | 'plan' | 'model' | 'search' | 'versions' | 'judges' | 'rescorer'>): string {
  const fingerprints = Object.entries(plan.fingerprints).sort(([a], [b]) => (a < b ? -1 : 1));
  const graphs = search.engine === 'hnswlib' ? search.parts.map((part) => part.documents.end) : [];
  const given = [plan.given, plan.promoted, plan.previous].flatMap((brought) =>
    brought ? [brought.sha256] : [],
  );
  const asked = [...judges, ...(rescorer ? [rescorer] : [])].map(({ sha256 }) => sha256);
  const content = JSON.stringify([
    jobHash(job),
    fingerprints,
    model.sha256,
    versions,
    ...graphs,
    ...given,
    ...asked,
  ]);
  return `${job.name}-${createHash('sha256').update(content).digest('hex').slice(0, ID_DIGITS)}`;
}

function searchPlan(job: Job, plan: Plan, { dimension }: ModelIdentity, maxSelf: number): SearchPlan {
  const { queries, maxPositives, documentShards, given } = plan;
  const groups = groupsOfPlan(plan);
  const documents = Math.max(...groups.map((group) => group.documents.end - group.documents.start));
  const { k, retrieved } = candidatesPerQuery(job.mining, { maxPositives, documents, maxSelf, given });
  const { engine, why } =
    given?.mode === 'replace'
      ? ({ engine: 'exact', why: 'the input brings the candidates, nothing is searched' } as const)
      : chooseEngine(job.search, { queries, documents, dimension, candidates: retrieved });
  const { partRows } = job.execution;
  const firstShards = groups.map((group) => group.documentShards.start);
  const parts = partition(documentShards, { dimension, partRows }, firstShards);
  return { engine, why, k, retrieved, parts };
}

/** Given vectors belong to source rows: the same files over rows in another order are other vectors. */
function boundToRows(model: ModelIdentity, sourceOrder: string): ModelIdentity {
  if (model.kind !== 'vectors') return model;
  const sha256 = createHash('sha256').update(`${model.sha256}:${sourceOrder}`).digest('hex');
  return { ...model, sha256 };
}
