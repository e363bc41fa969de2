import type { MiningFigures } from '../mining/mining-tally.ts';
import type { ClusterReport } from './build-report.ts';

/** What the stage `cluster` says of one group. */
export type GroupClusters = MiningFigures & ClusterReport;

/** The clusters of all groups together. */
export function sumClusters(groups: readonly GroupClusters[]): ClusterReport {
  const [first] = groups;
  if (first && groups.length === 1) {
    const { clusters, phases, members, sizeHistogram, unownedShare } = first;
    return { clusters, phases, members, sizeHistogram, unownedShare };
  }
  const sizes: Record<number, number> = {};
  for (const { sizeHistogram } of groups) {
    for (const [size, count] of Object.entries(sizeHistogram))
      sizes[Number(size)] = (sizes[Number(size)] ?? 0) + count;
  }
  const sum = (of: (group: GroupClusters) => number): number =>
    groups.reduce((total, group) => total + of(group), 0);
  return {
    clusters: sum(({ clusters }) => clusters),
    phases: [sum(({ phases }) => phases[0]), sum(({ phases }) => phases[1])],
    members: sum(({ members }) => members),
    sizeHistogram: sizes,
    unownedShare:
      sum(({ unownedShare, funnel }) => unownedShare * funnel.kept) /
      Math.max(
        1,
        sum(({ funnel }) => funnel.kept),
      ),
  };
}
