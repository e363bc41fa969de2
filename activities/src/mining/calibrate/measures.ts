import type { Calibrated } from '@quarry/workflows/job/calibrate';
import { type Candidates, lowestPositive } from '../candidates.ts';
import { featureOf } from '../filters/filter.ts';

/**
 * What an open filter measures of a candidate: it is dropped where this lies above the threshold. Margins are measured
 * as the (relative) distance above the lowest positive score, so that a threshold is minus a margin.
 */
export function measureOf(name: Calibrated): (candidates: Candidates, place: number) => number {
  switch (name) {
    case 'pair':
      return (candidates, place) => featureOf(candidates, 'pair')[place]!;
    case 'owner_similar':
      return (candidates, place) => featureOf(candidates, 'owners')[place]!;
    case 'max_score':
      return ({ scores }, place) => scores[place]!;
    case 'absolute_margin':
      return (candidates, place) => candidates.scores[place]! - lowestPositive(candidates);
    case 'relative_margin':
      return (candidates, place) => {
        const lowest = lowestPositive(candidates);
        return (candidates.scores[place]! - lowest) / Math.max(Math.abs(lowest), 1e-9);
      };
  }
}
