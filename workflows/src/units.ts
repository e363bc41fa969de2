import { proxyActivities } from '@temporalio/workflow';
import { JUDGE_STAGE } from './judges.ts';
import { placeOfSearchUnit, searchUnits } from './search-units.ts';
import { stageOptions } from './stage-options.ts';
import type {
  ComparedWith,
  GroupUnits,
  ListScore,
  Planned,
  RunRef,
  StageName,
  Stages,
  UnitResult,
} from './stages.ts';
import type { Side, Table } from './terms.ts';

/** The units of one stage, numbered from 0: what a unit's number means. Plain data, so that a child workflow can carry it. */
export type Units = { readonly count: number } & (
  | { readonly stage: 'embed' | 'pairVectors'; readonly side: Side }
  | { readonly stage: 'hubness'; readonly of: ListScore }
  | { readonly stage: 'compareDocuments'; readonly against: ComparedWith }
  | {
      readonly stage:
        | 'index'
        | 'merge'
        | 'rescore'
        | 'scoreOwners'
        | 'metric'
        | 'comparePairs'
        | 'survey'
        | 'calibrate'
        | 'crossEncode'
        | 'judge'
        | 'filter'
        | 'cluster'
        | 'measureRecall';
    }
  | {
      readonly stage: 'search' | 'scoreGiven';
      readonly parts: number;
      readonly groups?: readonly GroupUnits[] | undefined;
    }
  | { readonly stage: 'write'; readonly table: Table }
);

/** The activity of one stage, with its queue, timeouts and retries. */
export function activity<S extends StageName>(stage: S, summary: string): Stages[S] {
  const proxy = proxyActivities<Stages>({ ...stageOptions(stage), summary });
  return proxy[stage] as unknown as Stages[S];
}

/** Runs unit `number` of `units`. */
export function runUnit(run: RunRef, units: Units, number: number): Promise<UnitResult> {
  const ref: RunRef = { cache: run.cache, run: run.run };
  const of = (what: string, i = number, n = units.count): string => `${what} ${i + 1} of ${n}`;
  switch (units.stage) {
    case 'embed':
    case 'pairVectors':
      return activity(units.stage, of(`${units.side} shard`))({ ...ref, side: units.side, shard: number });
    case 'hubness':
      return activity('hubness', `all query shards, by ${units.of}`)({ ...ref, of: units.of });
    case 'compareDocuments': {
      const { against } = units;
      return activity('compareDocuments', of('query shard'))({ ...ref, shard: number, against });
    }
    case 'index':
      return activity('index', of('part'))({ ...ref, part: number });
    case 'search':
    case 'scoreGiven': {
      const { shard, part, shards } = placeOfSearchUnit(units, number);
      const summary = `${of('query shard', shard, shards)}, ${of('part', part, units.parts)}`;
      return activity(units.stage, summary)({ ...ref, shard, part });
    }
    case 'merge':
    case 'rescore':
    case 'scoreOwners':
    case 'comparePairs':
    case 'survey':
    case 'crossEncode':
    case 'judge':
    case 'filter':
      return activity(units.stage, of('query shard'))({ ...ref, shard: number });
    case 'cluster':
      if (units.count === 1) return activity('cluster', 'all query shards')(ref);
      return activity('cluster', of('group'))({ ...ref, group: number });
    case 'metric':
    case 'calibrate':
    case 'measureRecall':
      return activity(units.stage, 'all query shards')(ref);
    case 'write':
      return activity('write', of(`${units.table} file`))({ ...ref, table: units.table, part: number });
  }
}

/** The units of every stage before the tables are arranged. */
export function plannedUnits(run: Planned): {
  readonly embedQueries: Units;
  readonly embedDocuments: Units;
  readonly index: Units;
  readonly search: Units;
  readonly scoreGiven: Units;
  readonly merge: Units;
  readonly rescore: Units;
  readonly measureRecall: Units;
  readonly scoreOwners: Units;
  readonly metric: Units;
  readonly queryPairs: Units;
  readonly documentPairs: Units;
  readonly comparePairs: Units;
  readonly pairHubness: Units;
  readonly hubness: Units;
  readonly nearPositives: Units;
  readonly twins: Units;
  readonly survey: Units;
  readonly calibrate: Units;
  /** One per judge of the chain, in its order. */
  readonly judges: readonly Units[];
  readonly filter: Units;
  readonly cluster: Units;
} {
  const perQueryShard = { count: run.queryShards };
  return {
    embedQueries: { stage: 'embed', side: 'query', ...perQueryShard },
    embedDocuments: { stage: 'embed', side: 'document', count: run.documentShards },
    index: { stage: 'index', count: run.indexParts },
    search: { stage: 'search', ...searchUnits(run) },
    scoreGiven: { stage: 'scoreGiven', ...searchUnits(run) },
    merge: { stage: 'merge', ...perQueryShard },
    rescore: { stage: 'rescore', ...perQueryShard },
    measureRecall: { stage: 'measureRecall', count: 1 },
    scoreOwners: { stage: 'scoreOwners', ...perQueryShard },
    metric: { stage: 'metric', count: 1 },
    queryPairs: { stage: 'pairVectors', side: 'query', ...perQueryShard },
    documentPairs: { stage: 'pairVectors', side: 'document', count: run.documentShards },
    comparePairs: { stage: 'comparePairs', ...perQueryShard },
    pairHubness: { stage: 'hubness', of: 'pair', count: 1 },
    hubness: { stage: 'hubness', of: 'score', count: 1 },
    nearPositives: { stage: 'compareDocuments', against: 'positives', ...perQueryShard },
    twins: { stage: 'compareDocuments', against: 'candidates', ...perQueryShard },
    survey: { stage: 'survey', ...perQueryShard },
    calibrate: { stage: 'calibrate', count: 1 },
    judges: (run.judges ?? []).map((judge): Units => ({ stage: JUDGE_STAGE[judge], ...perQueryShard })),
    filter: { stage: 'filter', ...perQueryShard },
    cluster: { stage: 'cluster', count: run.groups?.length ?? 1 },
  };
}
