import type { Reason } from '@quarry/workflows';
import type { Feature } from '@quarry/workflows/chain';
import type { Candidates } from '../candidates.ts';
import { CODE } from '../reason-codes.ts';

/** One link of the chain. Pure: it looks at one query's candidates and marks those that fail. */
export interface Filter {
  /** Its reason code. */
  readonly name: Reason;
  /** Marks the candidates that are still eligible (reason 0) and fail; touches no others. */
  drop(candidates: Candidates): void;
  /** How far beyond the threshold a candidate lies (above 0: dropped); only where there is a threshold to relax. */
  readonly excess?: (candidates: Candidates, place: number) => number;
}

/** A filter that drops what `measure` puts above `threshold`; NaN (nothing known) is never dropped. */
export function thresholdFilter(
  name: Reason,
  threshold: number,
  measure: (candidates: Candidates, place: number) => number,
): Filter {
  const code = CODE[name];
  return {
    name,
    drop: (candidates) => {
      const { reasons } = candidates;
      for (let place = 0; place < reasons.length; place++) {
        if (reasons[place] === 0 && measure(candidates, place) > threshold) reasons[place] = code;
      }
    },
    excess: (candidates, place) => measure(candidates, place) - threshold,
  };
}

/** Values of a feature that the chain asked for. */
export function featureOf({ features }: Pick<Candidates, 'features'>, name: Feature): Float32Array {
  const values = features[name];
  if (!values) throw new RangeError(`the chain did not ask for the feature ${name}`);
  return values;
}
