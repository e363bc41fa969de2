import type { Funnel, RunRef } from '@quarry/workflows';
import { sumFunnels } from '../mining/report-figures.ts';
import { isClassification } from '../stages/classification-groups.ts';
import { clusterKey, filterKey } from '../stages/keys.ts';
import { mapConcurrently } from '../stages/map-concurrently.ts';
import type { RunDocument } from '../stages/run-document.ts';
import { numbersOf, runGroups } from '../stages/run-groups.ts';
import type { StageContext } from '../stages/stage-context.ts';
import { readDone } from '../stages/unit.ts';

/** Units whose figures are read at once. */
const READS = 32;

/** What one group came to. */
export interface GroupFigures {
  readonly name: string;
  readonly documents: number;
  readonly queries: number;
  readonly pairs: number;
  /** SaHa's classification case. */
  readonly classification: boolean;
  readonly candidates: number;
  readonly kept: number;
  readonly dropped: Record<string, number>;
  /** null where the strategy makes none. */
  readonly clusters: number | null;
}

/** Counts by group, in the order of the groups; null where the input knows none. */
export async function readGroups(
  context: StageContext,
  { cache }: RunRef,
  run: RunDocument,
): Promise<readonly GroupFigures[] | null> {
  if (!run.plan.groups) return null;
  const saha = run.job.mining.strategy === 'saha';
  return mapConcurrently(runGroups(run), 1, async (group) => {
    context.signal.throwIfAborted();
    const units = saha
      ? [await readDone(context, cache, 'cluster', clusterKey(run, group.number))]
      : await mapConcurrently(numbersOf(group.queryShards), READS, (shard) =>
          readDone(context, cache, 'filter', filterKey(run, shard)),
        );
    const { candidates, kept, dropped } = sumFunnels(units.map(({ figures }) => figures.funnel as Funnel));
    const { name, documents, queries, pairs } = group;
    const made = run.job.mining.strategy === 'margin' ? null : clusterKey(run, group.number);
    return {
      name,
      documents: documents.end - documents.start,
      queries: queries.end - queries.start,
      pairs: pairs.end - pairs.start,
      classification: saha && isClassification(run, group.number),
      candidates,
      kept,
      dropped: Object.fromEntries(Object.entries(dropped)),
      clusters:
        made === null ? null : ((await readDone(context, cache, 'cluster', made)).figures.clusters as number),
    };
  });
}
