import { type ChainRule, chainOf, type PairRule } from '@quarry/workflows/chain';
import type { RunDocument } from './run-document.ts';

/** A chain as it stands in keys: without the places where its models lie, whose content enters by its hash. */
export function withoutPlaces(chain: readonly ChainRule[]): unknown[] {
  return chain.map((rule) => (rule.name === 'cross_encoder' ? { ...rule, path: undefined } : rule));
}

/** Whether the pair rule of the run's chain lets documents stand with their owners. */
export function pairOwners({ job, plan }: RunDocument): PairRule['owners'] {
  return chainOf(job.mining, plan).find((rule) => rule.name === 'pair')?.owners ?? 'auto';
}
