import type { ComparedWith, ListScore, Side } from '@quarry/workflows';
import { chainOf, type Feature, featuresOf, openRule } from '@quarry/workflows/chain';
import { chainBefore, JUDGE_STAGE, type JudgeName } from '@quarry/workflows/judges';
import { isClassification } from './classification-groups.ts';
import { pairOwners, withoutPlaces } from './keyed-chain.ts';
import { oncePerRun } from './once-per-run.ts';
import type { RunDocument } from './run-document.ts';
import { groupOfShard, numbersOf, runGroups } from './run-groups.ts';
import { STAGE_VERSIONS } from './stage-versions.ts';
import { unitKey } from './unit.ts';

/*
 * The keys of all units, as pure functions of the run document: so a stage finds the output of the stages before it
 * without being told, and payloads do not grow with the number of shards.
 */

/** Owners kept per candidate by `scoreOwners`, most similar first; more are looked up when they are needed. */
export const OWNERS_PER_CANDIDATE = 32;

/** Given vectors belong to rows of the input's files, so to one plan; a model's belong to contents. */
export function embedKey({ model, plan, planKey }: RunDocument, side: Side, shard: number): string {
  const rows = (side === 'query' ? plan.queryShards : plan.documentShards)[shard]!.sha256;
  return unitKey(
    'embed',
    STAGE_VERSIONS.embed,
    [side, model.sha256],
    model.kind === 'vectors' ? [planKey, rows] : [rows],
  );
}

export function indexKey(run: RunDocument, part: number): string {
  const { m, efConstruction } = run.job.search;
  return unitKey(
    'index',
    STAGE_VERSIONS.index,
    [run.search.engine, m, efConstruction, run.job.seed],
    documentKeys(run, part),
  );
}

export function searchKey(run: RunDocument, shard: number, part: number): string {
  return unitKey('search', STAGE_VERSIONS.search, searchParameters(run), [
    embedKey(run, 'query', shard),
    inputKey(run),
    partKey(run, part),
  ]);
}

export function scoreGivenKey(run: RunDocument, shard: number, part: number): string {
  return unitKey('scoreGiven', STAGE_VERSIONS.scoreGiven, run.search.parts[part]!.documents, [
    embedKey(run, 'query', shard),
    inputKey(run),
    run.plan.given!.sha256,
    ...documentKeys(run, part),
  ]);
}

export function mergeKey(run: RunDocument, shard: number): string {
  const { given } = run.plan;
  const brought = given ? [given.mode, given.sha256] : [];
  return unitKey(
    'merge',
    STAGE_VERSIONS.merge,
    [...searchParameters(run), ...brought],
    [embedKey(run, 'query', shard), inputKey(run), corpusKey(run, groupOfShard(run, shard).number)],
  );
}

/** The candidates that everything behind looks at: scored anew where the job says so, else as they were merged. */
export function candidatesKey(run: RunDocument, shard: number): string {
  const merged = mergeKey(run, shard);
  const { rescorer } = run;
  if (!rescorer) return merged;
  return unitKey('rescore', STAGE_VERSIONS.rescore, rescorer.sha256, [merged, inputKey(run)]);
}

export function measureRecallKey(run: RunDocument): string {
  return unitKey(
    'measureRecall',
    STAGE_VERSIONS.measureRecall,
    [run.job.search.recallSample, run.job.seed],
    allShards(run, mergeKey),
  );
}

export function scoreOwnersKey(run: RunDocument, shard: number): string {
  return unitKey('scoreOwners', STAGE_VERSIONS.scoreOwners, OWNERS_PER_CANDIDATE, [
    candidatesKey(run, shard),
    inputKey(run),
    queryVectorsKey(run),
  ]);
}

export function filterKey(run: RunDocument, shard: number): string {
  const { mining, seed } = run.job;
  const { strategy, numNegatives, sampling, underFill } = mining;
  const chain = chainOf(mining, run.plan);
  const drawn = sampling === 'top' ? null : seed;
  const previous = run.plan.previous ? [mining.keepPrevious!, run.plan.previous.sha256] : [];
  const kept = strategy === 'saha' ? [] : [numNegatives, sampling, underFill ?? 'keep', drawn, ...previous];
  const features = featuresOf(chain).map((feature) => featureKey(run, feature, shard));
  const calibrated = openRule(chain) ? [calibrateKey(run)] : [];
  const inputs = [candidatesKey(run, shard), inputKey(run), ...features, ...calibrated, ...promotedKey(run)];
  return unitKey('filter', STAGE_VERSIONS.filter, [withoutPlaces(chain), ...kept], inputs);
}

/** What the previous round promoted, where there is one. */
function promotedKey({ plan }: RunDocument): string[] {
  return plan.promoted ? [plan.promoted.sha256] : [];
}

/** The unit whose output holds a feature of one query shard. */
function featureKey(run: RunDocument, feature: Feature, shard: number): string {
  switch (feature) {
    case 'owners':
      return scoreOwnersKey(run, shard);
    case 'pair':
      return unitKey('filter', STAGE_VERSIONS.filter, 'pair', [
        comparePairsKey(run, shard),
        hubnessKey(run, 'pair'),
      ]);
    case 'neighbours':
      return hubnessKey(run, 'score');
    case 'near_positives':
      return compareDocumentsKey(run, shard, 'positives');
    case 'twins':
      return compareDocumentsKey(run, shard, 'candidates');
    case 'cross_encoder':
    case 'cross_encoder_margin':
      return judgeKey(run, 'cross_encoder', shard);
    case 'judge':
      return judgeKey(run, 'judge', shard);
  }
}

/** What a judge says depends on its model, on its budget, and on what the filters before it left undecided. */
export function judgeKey(run: RunDocument, name: JudgeName, shard: number): string {
  const stage = JUDGE_STAGE[name];
  const before = chainBefore(chainOf(run.job.mining, run.plan), name);
  const { sha256, rows } = run.judges!.find((judge) => judge.name === name)!;
  const features = featuresOf(before).map((feature) => featureKey(run, feature, shard));
  return unitKey(
    stage,
    STAGE_VERSIONS[stage],
    [withoutPlaces(before), sha256, rows ?? null, run.plan.queries],
    [candidatesKey(run, shard), inputKey(run), ...features, ...promotedKey(run)],
  );
}

/** The known pairs and the vectors of both sides: what the metric is fitted to. */
export const metricKey = oncePerRun((run) =>
  unitKey('metric', STAGE_VERSIONS.metric, null, [
    inputKey(run),
    queryVectorsKey(run),
    documentVectorsKey(run),
  ]),
);

export function pairVectorsKey(run: RunDocument, side: Side, shard: number): string {
  const { start } = (side === 'query' ? run.plan.queryShards : run.plan.documentShards)[shard]!;
  const parameters = [side, side === 'document' ? pairOwners(run) : null, start];
  return unitKey('pairVectors', STAGE_VERSIONS.pairVectors, parameters, [
    metricKey(run),
    embedKey(run, side, shard),
  ]);
}

export function comparePairsKey(run: RunDocument, shard: number): string {
  return unitKey('comparePairs', STAGE_VERSIONS.comparePairs, null, [
    candidatesKey(run, shard),
    pairVectorsKey(run, 'query', shard),
    documentPairsKey(run),
  ]);
}

export function compareDocumentsKey(run: RunDocument, shard: number, against: ComparedWith): string {
  const inputs = [candidatesKey(run, shard), inputKey(run), documentVectorsKey(run)];
  return unitKey('compareDocuments', STAGE_VERSIONS.compareDocuments, against, inputs);
}

export function hubnessKey(run: RunDocument, of: ListScore): string {
  return of === 'pair' ? pairHubnessKey(run) : scoreHubnessKey(run);
}

/** What an open threshold depends on in one query shard: the chain round it, and what its filters look at. */
export function surveyKey(run: RunDocument, shard: number): string {
  const chain = chainOf(run.job.mining, run.plan);
  const features = featuresOf(chain).map((feature) => featureKey(run, feature, shard));
  const parameters = [
    withoutPlaces(chain),
    run.job.mining.numNegatives,
    run.job.mining.calibrate ?? null,
    run.job.seed,
  ];
  return unitKey('survey', STAGE_VERSIONS.survey, parameters, [
    candidatesKey(run, shard),
    inputKey(run),
    ...features,
    ...promotedKey(run),
  ]);
}

export const calibrateKey = oncePerRun((run) =>
  unitKey('calibrate', STAGE_VERSIONS.calibrate, null, allShards(run, surveyKey)),
);

export function clusterKey(run: RunDocument, group: number): string {
  const { strategy, topK, poolMultiplier, unowned, numNegatives } = run.job.mining;
  const parameters = [strategy, topK, poolMultiplier, unowned, numNegatives, isClassification(run, group)];
  const shards = numbersOf(runGroups(run)[group]!.queryShards);
  return unitKey('cluster', STAGE_VERSIONS.cluster, parameters, [
    ...shards.map((shard) => filterKey(run, shard)),
    ...shards.map((shard) => scoreOwnersKey(run, shard)),
  ]);
}

/** The keys of the clusters of every group. */
export function clusterKeys(run: RunDocument): readonly string[] {
  return runGroups(run).map((_, group) => clusterKey(run, group));
}

function searchParameters({ job, search }: RunDocument): unknown[] {
  const { engine, retrieved } = search;
  return [engine, retrieved, engine === 'exact' ? null : (job.search.efSearch ?? 2 * retrieved)];
}

function documentKeys(run: RunDocument, part: number): string[] {
  const { start, end } = run.search.parts[part]!.shards;
  return Array.from({ length: end - start }, (_, i) => embedKey(run, 'document', start + i));
}

/** What one part is searched with: its vectors or its graph, and where its ids begin. */
const partKey = oncePerRun((run, part: number) => {
  const { engine, parts } = run.search;
  const content = engine === 'exact' ? documentKeys(run, part) : [indexKey(run, part)];
  return unitKey('search', STAGE_VERSIONS.search, ['part', parts[part]!.documents.start], content);
});

/** The documents of one group. */
const corpusKey = oncePerRun((run, group: number) =>
  unitKey(
    'search',
    STAGE_VERSIONS.search,
    'corpus',
    numbersOf(runGroups(run)[group]!.parts).map((part) => partKey(run, part)),
  ),
);

const queryVectorsKey = oncePerRun((run) =>
  unitKey(
    'embed',
    STAGE_VERSIONS.embed,
    'queries',
    allShards(run, (_, shard) => embedKey(run, 'query', shard)),
  ),
);

const documentVectorsKey = oncePerRun((run) =>
  unitKey(
    'embed',
    STAGE_VERSIONS.embed,
    'documents',
    run.plan.documentShards.map((_, shard) => embedKey(run, 'document', shard)),
  ),
);

const documentPairsKey = oncePerRun((run) =>
  unitKey(
    'pairVectors',
    STAGE_VERSIONS.pairVectors,
    'documents',
    run.plan.documentShards.map((_, shard) => pairVectorsKey(run, 'document', shard)),
  ),
);

const pairHubnessKey = oncePerRun((run) =>
  unitKey('hubness', STAGE_VERSIONS.hubness, 'pair', [inputKey(run), ...allShards(run, comparePairsKey)]),
);

const scoreHubnessKey = oncePerRun((run) =>
  unitKey('hubness', STAGE_VERSIONS.hubness, 'score', [inputKey(run), ...allShards(run, candidatesKey)]),
);

/** Everything of the normalised input that stages after embedding look at. */
const inputKey = oncePerRun(({ plan, job }) =>
  unitKey('plan', STAGE_VERSIONS.plan, job.input.sameIdSpace, Object.entries(plan.fingerprints).flat()),
);

function allShards(run: RunDocument, key: (run: RunDocument, shard: number) => string): string[] {
  return run.plan.queryShards.map((_, shard) => key(run, shard));
}
