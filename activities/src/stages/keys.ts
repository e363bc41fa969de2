import type { Side } from '@quarry/workflows';
import type { RunDocument } from './run-document.ts';
import { unitKey } from './unit.ts';

/**
 * The keys of all units, as pure functions of the run document: so a stage finds the output of the stages before it
 * without being told, and payloads do not grow with the number of shards. Raise a stage's version when what it puts
 * out changes.
 */
export const STAGE_VERSIONS = {
  plan: 1,
  embed: 1,
  index: 1,
  search: 1,
  merge: 1,
  measureRecall: 1,
  scoreOwners: 1,
  filter: 1,
  cluster: 1,
  write: 1,
} as const;

/** Owners kept per candidate by `scoreOwners`, most similar first; more are looked up when they are needed. */
export const OWNERS_PER_CANDIDATE = 32;

export function embedKey({ model, plan }: RunDocument, side: Side, shard: number): string {
  const rows = (side === 'query' ? plan.queryShards : plan.documentShards)[shard]!.sha256;
  return unitKey('embed', STAGE_VERSIONS.embed, [side, model.sha256], [rows]);
}

export function indexKey(run: RunDocument, part: number): string {
  const { m, efConstruction } = run.job.search;
  return unitKey(
    'index',
    STAGE_VERSIONS.index,
    [run.search.engine, m, efConstruction, run.job.seed],
    partKeys(run, part),
  );
}

export function searchKey(run: RunDocument, shard: number, part: number): string {
  const { engine, k } = run.search;
  const corpus = engine === 'exact' ? partKeys(run, part) : [indexKey(run, part)];
  const parameters = [
    engine,
    k,
    engine === 'exact' ? null : (run.job.search.efSearch ?? 2 * k),
    run.search.parts[part]!.documents.start,
  ];
  return unitKey('search', STAGE_VERSIONS.search, parameters, [
    embedKey(run, 'query', shard),
    pairsKey(run),
    ...corpus,
  ]);
}

export function mergeKey(run: RunDocument, shard: number): string {
  const partial = run.search.parts.map((_, part) => searchKey(run, shard, part));
  return unitKey('merge', STAGE_VERSIONS.merge, run.search.k, partial);
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
    mergeKey(run, shard),
    pairsKey(run),
    queryVectorsKey(run),
  ]);
}

export function filterKey(run: RunDocument, shard: number): string {
  const { strategy, ...mining } = run.job.mining;
  const { numNegatives, relativeMargin, absoluteMargin, maxScore, minScore, rangeMin, rangeMax, sampling } =
    mining;
  const parameters =
    strategy === 'saha'
      ? [strategy]
      : [
          strategy,
          numNegatives,
          relativeMargin,
          absoluteMargin,
          maxScore,
          minScore,
          rangeMin,
          rangeMax,
          sampling,
          run.job.seed,
        ];
  return unitKey('filter', STAGE_VERSIONS.filter, parameters, [mergeKey(run, shard), pairsKey(run)]);
}

export function clusterKey(run: RunDocument): string {
  const { topK, poolMultiplier, unowned } = run.job.mining;
  const parameters = [topK, poolMultiplier, unowned, isClassification(run)];
  return unitKey('cluster', STAGE_VERSIONS.cluster, parameters, [
    ...allShards(run, filterKey),
    ...allShards(run, scoreOwnersKey),
  ]);
}

/** SaHa's classification case: the job's word, else the format's. */
export function isClassification({ job }: RunDocument): boolean {
  return job.mining.classification ?? job.input.format === 'classification';
}

function partKeys(run: RunDocument, part: number): string[] {
  const { start, end } = run.search.parts[part]!.shards;
  return Array.from({ length: end - start }, (_, i) => embedKey(run, 'document', start + i));
}

const queryVectorsKeys = new WeakMap<RunDocument, string>();

/** All query vectors as one key, computed once per run: there may be 10,000 shards. */
function queryVectorsKey(run: RunDocument): string {
  let key = queryVectorsKeys.get(run);
  if (key === undefined) {
    key = unitKey(
      'embed',
      STAGE_VERSIONS.embed,
      'all',
      allShards(run, (_, shard) => embedKey(run, 'query', shard)),
    );
    queryVectorsKeys.set(run, key);
  }
  return key;
}

function pairsKey({ plan }: RunDocument): string {
  return `${plan.fingerprints.pairs}:${plan.fingerprints.judgements}`;
}

function allShards(run: RunDocument, key: (run: RunDocument, shard: number) => string): string[] {
  return run.plan.queryShards.map((_, shard) => key(run, shard));
}
