import { type Funnel, REASONS, type Reason } from '@quarry/workflows';
import { addHistogram, emptyHistogram, type Histogram } from './histogram.ts';
import type { MiningFigures } from './mining-tally.ts';
import { addRanks, emptyRanks, type RankCounts } from './rank-bins.ts';
import type { RetrievalMeasure, RetrievalSums } from './retrieval-metrics.ts';
import { sumShortfalls } from './shortfall.ts';
import { mostSuspect } from './suspects.ts';

/** The sums over a run's units that the report and the manifest hold. Pure. */

/** Adds the figures of query shards. At least one. */
export function sumMining(shards: readonly MiningFigures[]): MiningFigures {
  return {
    funnel: sumFunnels(shards.map(({ funnel }) => funnel)),
    rows: {
      triplet: sum(shards, ({ rows }) => rows.triplet),
      'n-tuple': sum(shards, ({ rows }) => rows['n-tuple']),
      candidates: sum(shards, ({ rows }) => rows.candidates),
    },
    queriesWithFewer: sum(shards, (shard) => shard.queriesWithFewer),
    keptPerQuery: sumCounts(shards.map(({ keptPerQuery }) => keptPerQuery)),
    keptRanks: sumRanks(shards.map(({ keptRanks }) => keptRanks)),
    scores: {
      positive: sumHistograms(shards.map(({ scores }) => scores.positive)),
      kept: sumHistograms(shards.map(({ scores }) => scores.kept)),
      dropped: sumByReason(shards.map(({ scores }) => scores.dropped)),
    },
    ownerScores: {
      kept: sumHistograms(shards.map(({ ownerScores }) => ownerScores.kept)),
      dropped: sumHistograms(shards.map(({ ownerScores }) => ownerScores.dropped)),
    },
    shortfall: sumShortfalls(shards.map(({ shortfall }) => shortfall)),
    suspects: mostSuspect(shards.flatMap(({ suspects }) => suspects)),
  };
}

/** Reasons in the order of `REASONS`, whatever the order of the shards. */
export function sumFunnels(funnels: readonly Funnel[]): Funnel {
  const dropped: Partial<Record<Reason, number>> = {};
  for (const reason of REASONS) {
    const count = sum(funnels, (funnel) => funnel.dropped[reason] ?? 0);
    if (count > 0) dropped[reason] = count;
  }
  return {
    candidates: sum(funnels, ({ candidates }) => candidates),
    kept: sum(funnels, ({ kept }) => kept),
    dropped,
  };
}

/** Candidates that `kept` and `dropped` leave unexplained; 0 where the accounts are right. */
export function unaccounted({ candidates, kept, dropped }: Funnel): number {
  return candidates - kept - sum(Object.values(dropped), (count) => count);
}

function sumHistograms(histograms: readonly Histogram[]): Histogram {
  const sum = emptyHistogram();
  for (const histogram of histograms) addHistogram(sum, histogram);
  return sum;
}

type ByReason = MiningFigures['scores']['dropped'];

function sumByReason(histograms: readonly ByReason[]): ByReason {
  const sums: Partial<Record<Reason, Histogram>> = {};
  for (const reason of REASONS) {
    const found = histograms.flatMap((byReason) => byReason[reason] ?? []);
    if (found.length > 0) sums[reason] = sumHistograms(found);
  }
  return sums;
}

function sumCounts(counts: readonly Readonly<Record<number, number>>[]): Record<number, number> {
  const sums: Record<number, number> = {};
  for (const shard of counts) {
    for (const [value, count] of Object.entries(shard)) {
      sums[Number(value)] = (sums[Number(value)] ?? 0) + count;
    }
  }
  return sums;
}

function sumRanks(shards: readonly Readonly<RankCounts>[]): RankCounts {
  const sums = emptyRanks();
  for (const ranks of shards) addRanks(sums, ranks);
  return sums;
}

/** Means over the queries of a group. */
export interface Retrieval {
  readonly queries: number;
  readonly 'hit@1': number;
  readonly 'hit@5': number;
  readonly 'hit@10': number;
  readonly 'recall@10': number;
  readonly 'mrr@10': number;
  readonly 'ndcg@10': number;
  /** Queries by the rank of their first positive. */
  readonly firstPositive: Readonly<Record<string, number>>;
}

export function meanRetrieval(sums: RetrievalSums): Retrieval {
  const { queries, firstPositive } = sums;
  const mean = (measure: RetrievalMeasure): number => (queries === 0 ? 0 : sums[measure] / queries);
  return {
    queries,
    'hit@1': mean('hit@1'),
    'hit@5': mean('hit@5'),
    'hit@10': mean('hit@10'),
    'recall@10': mean('recall@10'),
    'mrr@10': mean('mrr@10'),
    'ndcg@10': mean('ndcg@10'),
    firstPositive,
  };
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
