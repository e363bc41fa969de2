import {
  calibrateKey,
  candidatesKey,
  clusterKeys,
  compareDocumentsKey,
  comparePairsKey,
  embedKey,
  filterKey,
  hubnessKey,
  indexKey,
  judgeKey,
  measureRecallKey,
  mergeKey,
  metricKey,
  pairVectorsKey,
  scoreGivenKey,
  scoreOwnersKey,
  searchKey,
  surveyKey,
} from '@quarry/activities/stages/keys';
import { type RunDocument, unitDirectory } from '@quarry/activities/stages/run-document';
import { groupOfShard, numbersOf } from '@quarry/activities/stages/run-groups';
import type { Store } from '@quarry/activities/storage/store';
import type { ComparedWith, StageName } from '@quarry/workflows';
import { chainOf, type Feature, featuresOf, openRule } from '@quarry/workflows/chain';
import { JUDGE_STAGE } from '@quarry/workflows/judges';

/** The units of one stage, and how many of them need not be done. */
export interface StageUnits {
  readonly stage: string;
  readonly units: number;
  readonly cached: number;
}

/** Looks into the cache at once. */
const LOOKS = 32;

/** Every stage up to the tables (whose number depends on what is kept), with what lies in the cache already. */
export async function plannedUnits(
  run: RunDocument,
  cache: string,
  openStore: (uri: string) => Store,
): Promise<readonly StageUnits[]> {
  const units: StageUnits[] = [];
  for (const { name, stage, keys } of stagesOf(run)) {
    let cached = 0;
    for (let start = 0; start < keys.length; start += LOOKS) {
      const found = await Promise.all(
        keys.slice(start, start + LOOKS).map((key) => {
          const uri = `${unitDirectory(cache, stage, key)}/done.json`;
          return openStore(uri).size(uri);
        }),
      );
      cached += found.filter((bytes) => bytes !== null).length;
    }
    units.push({ stage: name, units: keys.length, cached });
  }
  return units;
}

interface StageKeys {
  readonly name: string;
  readonly stage: StageName;
  readonly keys: readonly string[];
}

function stagesOf(run: RunDocument): readonly StageKeys[] {
  const { plan, search, job } = run;
  const queryShards = plan.queryShards.map((_, shard) => shard);
  const parts = search.parts.map((_, part) => part);
  const clusters = job.mining.strategy !== 'margin';
  const chain = chainOf(job.mining, plan);
  const features = featuresOf(chain);
  const open = openRule(chain) !== undefined;
  const stage = (name: StageName, keys: readonly string[], label: string = name): StageKeys => ({
    name: label,
    stage: name,
    keys,
  });
  const shardsByParts = (key: typeof searchKey): string[] =>
    queryShards.flatMap((shard) =>
      numbersOf(groupOfShard(run, shard).parts).map((part) => key(run, shard, part)),
    );
  return [
    stage(
      'embed',
      queryShards.map((shard) => embedKey(run, 'query', shard)),
      'embed queries',
    ),
    stage(
      'embed',
      plan.documentShards.map((_, shard) => embedKey(run, 'document', shard)),
      'embed documents',
    ),
    stage('index', search.engine === 'exact' ? [] : parts.map((part) => indexKey(run, part))),
    stage('search', plan.given?.mode === 'replace' ? [] : shardsByParts(searchKey)),
    stage('scoreGiven', plan.given ? shardsByParts(scoreGivenKey) : []),
    stage(
      'merge',
      queryShards.map((shard) => mergeKey(run, shard)),
    ),
    stage('rescore', run.rescorer ? queryShards.map((shard) => candidatesKey(run, shard)) : []),
    stage(
      'scoreOwners',
      clusters || features.includes('owners') ? queryShards.map((shard) => scoreOwnersKey(run, shard)) : [],
    ),
    stage('hubness', features.includes('neighbours') ? [hubnessKey(run, 'score')] : []),
    ...documentStages(run, features, stage),
    ...(features.includes('pair') ? pairStages(run, stage) : []),
    ...(run.judges ?? []).map(({ name }) =>
      stage(
        JUDGE_STAGE[name],
        queryShards.map((shard) => judgeKey(run, name, shard)),
      ),
    ),
    stage('survey', open ? queryShards.map((shard) => surveyKey(run, shard)) : []),
    stage('calibrate', open ? [calibrateKey(run)] : []),
    stage(
      'filter',
      queryShards.map((shard) => filterKey(run, shard)),
    ),
    stage('cluster', clusters ? clusterKeys(run) : []),
    stage('measureRecall', [measureRecallKey(run)]),
  ].filter(({ keys }) => keys.length > 0);
}

type MakeStage = (name: StageName, keys: readonly string[], label?: string) => StageKeys;

/** The stages of the filters that look for near-duplicates. */
function documentStages(
  run: RunDocument,
  features: readonly Feature[],
  stage: MakeStage,
): readonly StageKeys[] {
  const against = (side: ComparedWith, asked: Feature, label: string): StageKeys[] =>
    features.includes(asked)
      ? [
          stage(
            'compareDocuments',
            run.plan.queryShards.map((_, shard) => compareDocumentsKey(run, shard, side)),
            label,
          ),
        ]
      : [];
  return [
    ...against('positives', 'near_positives', 'compare with positives'),
    ...against('candidates', 'twins', 'compare candidates'),
  ];
}

/** The stages of the pair rule. */
function pairStages(run: RunDocument, stage: MakeStage): readonly StageKeys[] {
  const { plan } = run;
  const pairVectors = [
    ...plan.queryShards.map((_, shard) => pairVectorsKey(run, 'query', shard)),
    ...plan.documentShards.map((_, shard) => pairVectorsKey(run, 'document', shard)),
  ];
  const compared = plan.queryShards.map((_, shard) => comparePairsKey(run, shard));
  return [
    stage('metric', [metricKey(run)]),
    stage('pairVectors', pairVectors, 'pair vectors'),
    stage('comparePairs', compared, 'compare pairs'),
    stage('hubness', [hubnessKey(run, 'pair')], 'hubness of pairs'),
  ];
}
