import type { GroupUnits, Planned } from './stages.ts';

/** The units of the stages that look at every query shard in every part: in the parts of its group alone. */
export interface SearchUnits {
  readonly count: number;
  /** Parts of all groups. */
  readonly parts: number;
  /** Absent where there is one group. */
  readonly groups?: readonly GroupUnits[] | undefined;
}

export function searchUnits({
  queryShards,
  parts,
  groups,
}: Pick<Planned, 'queryShards' | 'parts' | 'groups'>): SearchUnits {
  if (!groups) return { count: queryShards * parts, parts };
  return { count: groups.reduce((sum, group) => sum + group.queryShards * group.parts, 0), parts, groups };
}

/** The shard and the part of unit `number`: shard by shard, of each the parts of its group. */
export function placeOfSearchUnit(
  { count, parts, groups = [{ queryShards: count / parts, parts }] }: SearchUnits,
  number: number,
): { readonly shard: number; readonly part: number; readonly shards: number } {
  const shards = groups.reduce((sum, { queryShards }) => sum + queryShards, 0);
  let [units, shard, part] = [0, 0, 0];
  for (const group of groups) {
    const within = number - units;
    if (within < group.queryShards * group.parts) {
      return { shard: shard + Math.floor(within / group.parts), part: part + (within % group.parts), shards };
    }
    units += group.queryShards * group.parts;
    shard += group.queryShards;
    part += group.parts;
  }
  throw new RangeError(`${number} is no search unit: there are ${units}`);
}
