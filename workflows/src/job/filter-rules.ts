import type { z } from 'zod';
import { JUDGES } from '../judges.ts';
import type { FilterRule } from './filters.ts';
import type { mining } from './mining.ts';
import type { Refuse } from './refuse.ts';

type Mining = z.output<typeof mining>;

/** The strategy's own parameter for a filter that may also stand in the list. */
const FIELD_OF = {
  relative_margin: 'relativeMargin',
  absolute_margin: 'absoluteMargin',
  max_score: 'maxScore',
  min_score: 'minScore',
} as const;

/** What does not go together in `mining.filters`, with advice. */
export function filterRefusals(m: Mining, refuse: Refuse): void {
  const filters = m.filters ?? [];
  for (const [i, rule] of filters.entries()) {
    const at = (...path: (string | number)[]): (string | number)[] => ['filters', i, ...path];
    const first = filters.findIndex(({ name }) => name === rule.name);
    if (first < i && rule.name !== 'rank_window') {
      refuse(at('name'), `${rule.name} stands in filter ${first + 1} already; remove one of the two`);
    }
    const field = FIELD_OF[rule.name as keyof typeof FIELD_OF];
    if (field && m[field] !== undefined) {
      refuse(at('name'), `${rule.name} is mining.${field} (${m[field]}) already; remove one of the two`);
    }
    if (JUDGES.some((judge) => judge === rule.name)) {
      const open = filters.slice(0, i).find((before) => before.name === 'pair' && before.above === undefined);
      if (open)
        refuse(
          at('name'),
          `${rule.name} cannot follow pair, whose threshold is calibrated; put it before pair`,
        );
    }
    if (rule.name === 'cross_encoder' && rule.above === undefined && rule.margin === undefined) {
      refuse(
        at('above'),
        'cross_encoder has no threshold; give above (a probability), margin (log-odds below the positive), or both',
      );
    }
    if (rule.name === 'rank_window' && rule.to !== undefined && rule.to <= rule.from) {
      refuse(at('to'), `${rule.to} is not above from ${rule.from}, so no rank is left; raise it`);
    }
  }
  emptyBand(m, filters, refuse);
}

/** A score band that nothing lies in. */
function emptyBand(m: Mining, filters: readonly FilterRule[], refuse: Refuse): void {
  const low = filters.findIndex(({ name }) => name === 'min_score');
  const high = filters.find((rule) => rule.name === 'max_score');
  const lowest = filters[low];
  const most = high?.score ?? m.maxScore;
  const least = lowest?.name === 'min_score' ? lowest.score : undefined;
  if (least !== undefined && most !== undefined && least > most) {
    refuse(
      ['filters', low, 'score'],
      `${least} is above the max_score ${most}, so no score is left; lower it`,
    );
  }
  if (least === undefined && m.minScore !== undefined && high && m.minScore > high.score) {
    refuse(['minScore'], `${m.minScore} is above the max_score ${high.score}, so no score is left; lower it`);
  }
}
