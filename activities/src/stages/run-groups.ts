import type { Range } from '@quarry/workflows';
import type { Group, RunDocument } from './run-document.ts';

/** A group with its number and its index parts. */
export interface RunGroup extends Group {
  readonly number: number;
  /** Of `run.search.parts`. */
  readonly parts: Range;
}

/** Name of the one group of an input that knows none. */
const ONLY = 'default';

const known = new WeakMap<RunDocument, readonly RunGroup[]>();

/** The groups of a run; one where its input knows none. */
export function runGroups(run: RunDocument): readonly RunGroup[] {
  let groups = known.get(run);
  if (!groups) {
    const { plan, search } = run;
    groups = groupsOfPlan(plan).map((group, number) => {
      const { start, end } = group.documentShards;
      const first = search.parts.filter((part) => part.shards.end <= start).length;
      const parts = search.parts.filter((part) => part.shards.start >= start && part.shards.end <= end);
      return { ...group, number, parts: { start: first, end: first + parts.length } };
    });
    known.set(run, groups);
  }
  return groups;
}

/** The group of a query shard. */
export function groupOfShard(run: RunDocument, shard: number): RunGroup {
  return runGroups(run).find(({ queryShards }) => shard >= queryShards.start && shard < queryShards.end)!;
}

/** The groups of a plan; one where it has none. */
export function groupsOfPlan(plan: RunDocument['plan']): readonly Group[] {
  if (plan.groups) return plan.groups;
  return [
    {
      name: ONLY,
      documents: { start: 0, end: plan.documents },
      queries: { start: 0, end: plan.queries },
      pairs: { start: 0, end: plan.pairs },
      documentShards: { start: 0, end: plan.documentShards.length },
      queryShards: { start: 0, end: plan.queryShards.length },
    },
  ];
}

/** The numbers of a range. */
export function numbersOf({ start, end }: Range): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}
