import type { z } from 'zod';
import { calibratedFilter } from '../calibrated-filter.ts';
import type { mining } from './mining.ts';
import type { Refuse } from './refuse.ts';

type Mining = z.output<typeof mining>;

/** What does not go together with `mining.calibrate`, with advice. One threshold at most is left open. */
export function calibrateRefusals(m: Mining, refuse: Refuse): void {
  const filters = m.filters ?? [];
  const at = filters.findIndex(({ name }) => name === 'pair');
  const pair = filters[at];
  const open = pair?.name === 'pair' ? pair.above === undefined : m.strategy === 'best';
  const name = calibratedFilter(m);
  if (name === undefined) return;
  if (name === 'pair') {
    if (pair?.name === 'pair' && pair.above !== undefined) {
      refuse(['filters', at, 'above'], `${pair.above} is what mining.calibrate finds; remove one of the two`);
    } else if (!open) {
      refuse(
        ['calibrate', 'filter'],
        'there is no filter pair in the chain; add {name: pair} to mining.filters',
      );
    }
  } else {
    if (open) {
      refuse(
        ['calibrate', 'filter'],
        `two thresholds would be open, that of ${name} and that of pair; give pair an above or calibrate pair`,
      );
    }
    if (filters.some((rule) => rule.name === name)) {
      refuse(['calibrate', 'filter'], `${name} has its threshold in mining.filters; remove one of the two`);
    }
    const field = {
      relative_margin: 'relativeMargin',
      absolute_margin: 'absoluteMargin',
      max_score: 'maxScore',
    } as const;
    const own = field[name as keyof typeof field];
    if (own && m[own] !== undefined) {
      refuse([own], `${m[own]} is what mining.calibrate finds; remove one of the two`);
    }
  }
  if (m.calibrate && 'falseNegativeRate' in m.calibrate && name === 'owner_similar') {
    refuse(
      ['calibrate', 'falseNegativeRate'],
      'owner_similar cannot look at documents that nobody owns, as unknown positives are, so no threshold of it has a rate; use keepAtLeast, or filter pair',
    );
  }
  if (m.calibrate && 'keepAtLeast' in m.calibrate && m.strategy === 'margin') {
    const { keepAtLeast } = m.calibrate;
    if (m.rangeMax !== undefined && keepAtLeast > m.rangeMax) {
      refuse(
        ['calibrate', 'keepAtLeast'],
        `${keepAtLeast} is more than rangeMax ${m.rangeMax} lets through; lower it`,
      );
    }
  }
}
