import type { z } from 'zod';
import { calibrateRefusals } from './calibrate-rules.ts';
import { filterRefusals } from './filter-rules.ts';
import type { mining } from './mining.ts';
import type { Refuse } from './refuse.ts';

type Mining = z.output<typeof mining>;

/** Candidates per query, so that a place among them fits the stages' arrays. */
const MOST_CANDIDATES = 30_000;

/** What does not go together in `mining`, with advice. */
export function miningRefusals(m: Mining, refuse: Refuse): void {
  const pool = m.strategy === 'saha' || m.strategy === 'best';
  const deepest = pool ? 2 * m.topK * m.poolMultiplier : (m.rangeMax ?? 0);
  if (deepest > MOST_CANDIDATES) {
    refuse(
      [pool ? 'poolMultiplier' : 'rangeMax'],
      `asks for ${deepest} candidates per query; at most ${MOST_CANDIDATES} are possible; lower it`,
    );
  }
  if (m.strategy === 'margin') marginRefusals(m, refuse);
  else marginFieldRefusals(m, refuse);
  if (m.strategy === 'saha') sahaRefusals(m, refuse);
  if (m.strategy === 'best') bestRefusals(m, refuse);
  else if (m.candidates !== undefined) {
    refuse(
      ['candidates'],
      `${m.candidates} has no effect with strategy ${m.strategy}, which retrieves what it needs; use strategy: best or remove it`,
    );
  }
  if (m.rangeMax !== undefined && m.rangeMax <= m.rangeMin) {
    refuse(['rangeMax'], `${m.rangeMax} is not above rangeMin ${m.rangeMin}, so no rank is left; raise it`);
  }
  if (m.minScore !== undefined && m.maxScore !== undefined && m.minScore > m.maxScore) {
    refuse(['minScore'], `${m.minScore} is above maxScore ${m.maxScore}, so no score is left; lower it`);
  }
  if (m.keepPrevious !== undefined && m.previousRun === undefined) {
    refuse(
      ['keepPrevious'],
      `${m.keepPrevious} of no earlier round; give its directory as mining.previousRun`,
    );
  }
  filterRefusals(m, refuse);
  calibrateRefusals(m, refuse);
}

/** Fields that `margin` alone reads. */
function marginFieldRefusals(m: Mining, refuse: Refuse): void {
  const useless = (field: keyof Mining): void =>
    refuse(
      [field],
      `${m[field]} has no effect with strategy ${m.strategy}; use strategy: margin or remove it`,
    );
  for (const field of ['relativeMargin', 'absoluteMargin', 'maxScore', 'minScore', 'rangeMax'] as const) {
    if (m[field] !== undefined) useless(field);
  }
  if (m.rangeMin !== 0) useless('rangeMin');
  if (m.rescore !== undefined) {
    refuse(
      ['rescore'],
      `${m.strategy} compares queries with owners, which a cross-encoder does not score; use strategy: margin, or a filter cross_encoder`,
    );
  }
}

/** A cluster is as large as it comes, and nothing is drawn. */
function sahaRefusals(m: Mining, refuse: Refuse): void {
  if (m.keepPrevious !== undefined) {
    refuse(
      ['keepPrevious'],
      `${m.keepPrevious} has no effect with strategy saha, which keeps pairs and no single negatives; use strategy: margin or best`,
    );
  }
  if (m.sampling !== 'top') {
    const given = typeof m.sampling === 'string' ? m.sampling : Object.keys(m.sampling)[0]!;
    refuse(['sampling'], `${given} has no effect with strategy saha; use strategy: margin or remove it`);
  }
  if (m.underFill !== undefined) {
    refuse(
      ['underFill'],
      `${m.underFill} has no effect with strategy saha, whose clusters are as large as they come; use strategy: margin or remove it`,
    );
  }
}

function marginRefusals(m: Mining, refuse: Refuse): void {
  if (m.unowned === 'keep') {
    refuse(['unowned'], 'margin looks at no owners; use strategy: saha or remove it');
  }
  if (m.classification !== undefined) {
    refuse(['classification'], 'margin has no classification case; use strategy: saha or remove it');
  }
}

function bestRefusals(m: Mining, refuse: Refuse): void {
  if (m.unowned === 'keep') {
    refuse(['unowned'], 'best keeps documents without an owner in triplets anyway; remove it');
  }
  if (m.classification !== undefined) {
    refuse(['classification'], 'best has no classification case; use strategy: saha or remove it');
  }
}
