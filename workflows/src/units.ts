import { proxyActivities } from '@temporalio/workflow';
import { stageOptions } from './stage-options.ts';
import type { Planned, RunRef, StageName, Stages, UnitResult } from './stages.ts';
import type { Side, Table } from './terms.ts';

/** The units of one stage, numbered from 0: what a unit's number means. Plain data, so that a child workflow can carry it. */
export type Units = { readonly count: number } & (
  | { readonly stage: 'embed'; readonly side: Side }
  | { readonly stage: 'index' | 'merge' | 'scoreOwners' | 'filter' | 'cluster' | 'measureRecall' }
  | { readonly stage: 'search' | 'scoreGiven'; readonly parts: number }
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
      return activity('embed', of(`${units.side} shard`))({ ...ref, side: units.side, shard: number });
    case 'index':
      return activity('index', of('part'))({ ...ref, part: number });
    case 'search':
    case 'scoreGiven': {
      const shard = Math.floor(number / units.parts);
      const part = number % units.parts;
      const summary = `${of('query shard', shard, units.count / units.parts)}, ${of('part', part, units.parts)}`;
      return activity(units.stage, summary)({ ...ref, shard, part });
    }
    case 'merge':
    case 'scoreOwners':
    case 'filter':
      return activity(units.stage, of('query shard'))({ ...ref, shard: number });
    case 'cluster':
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
  readonly measureRecall: Units;
  readonly scoreOwners: Units;
  readonly filter: Units;
  readonly cluster: Units;
} {
  const perQueryShard = { count: run.queryShards };
  return {
    embedQueries: { stage: 'embed', side: 'query', ...perQueryShard },
    embedDocuments: { stage: 'embed', side: 'document', count: run.documentShards },
    index: { stage: 'index', count: run.indexParts },
    search: { stage: 'search', parts: run.parts, count: run.queryShards * run.parts },
    scoreGiven: { stage: 'scoreGiven', parts: run.parts, count: run.queryShards * run.parts },
    merge: { stage: 'merge', ...perQueryShard },
    measureRecall: { stage: 'measureRecall', count: 1 },
    scoreOwners: { stage: 'scoreOwners', ...perQueryShard },
    filter: { stage: 'filter', ...perQueryShard },
    cluster: { stage: 'cluster', count: 1 },
  };
}
