import type { Candidates } from '@quarry/activities/mining/candidates';
import { compileChain, runChain } from '@quarry/activities/mining/chain';
import { keepNegatives } from '@quarry/activities/mining/keep-negatives';
import { countReasons } from '@quarry/activities/mining/mining-tally';
import { CODE } from '@quarry/activities/mining/reason-codes';
import type { ChainRule } from '@quarry/workflows/chain';
import { featuresOf } from '@quarry/workflows/chain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryCandidates, freshReasons } from './arbitrary-candidates.ts';

const cosine = fc.double({ min: -1, max: 1, noNaN: true });
const share = fc.double({ min: 0, max: 1, noNaN: true });

/** Every filter with a threshold: its rule for a threshold, strict ones having larger numbers. */
const THRESHOLDS: Record<string, (strictness: number) => ChainRule> = {
  max_score: (x) => ({ name: 'max_score', score: -x }),
  min_score: (x) => ({ name: 'min_score', score: x }),
  relative_margin: (x) => ({ name: 'relative_margin', margin: (x + 1) / 2 }),
  absolute_margin: (x) => ({ name: 'absolute_margin', margin: x + 1 }),
  owner_similar: (x) => ({ name: 'owner_similar', above: -x }),
  pair: (x) => ({ name: 'pair', above: -x, owners: 'auto' }),
  hubness: (x) => ({ name: 'hubness', above: (1 - x) / 2 }),
  near_duplicate_positive: (x) => ({ name: 'near_duplicate_positive', above: -x }),
  near_duplicate_negative: (x) => ({ name: 'near_duplicate_negative', above: -x }),
  reciprocal_rank: (x) => ({ name: 'reciprocal_rank', within: 1 + Math.floor(4.5 * (x + 1)) }),
};
const thresholds = Object.entries(THRESHOLDS);
/** Those that look at one candidate alone; a near-duplicate is one of what passed before. */
const ofOne = thresholds.filter(([name]) => name !== 'near_duplicate_negative');

const anyRule: fc.Arbitrary<ChainRule> = fc.oneof(
  ...thresholds.map(([, rule]) => cosine.map(rule)),
  fc.record({
    name: fc.constant('rank_window' as const),
    from: fc.nat(4),
    to: fc.option(fc.integer({ min: 5, max: 12 }), { nil: undefined }),
    of: fc.constantFrom('passed' as const, 'retrieved' as const),
  }),
);
const FIRST: readonly ChainRule[] = [{ name: 'self' }, { name: 'known_positive' }];

/** The verdicts of a chain on candidates that nothing was said of yet. */
function verdicts(rules: readonly ChainRule[], given: Candidates): number[] {
  const candidates = freshReasons(given);
  runChain(compileChain(rules), candidates);
  return [...candidates.reasons];
}

const survivors = (codes: readonly number[]): number[] =>
  codes.flatMap((code, place) => (code === 0 ? [place] : []));

describe('every filter of the chain', () => {
  it('leaves a verdict on each candidate and never changes one that is there', () => {
    fc.assert(
      fc.property(
        fc.array(anyRule, { maxLength: 5 }),
        anyRule,
        arbitraryCandidates,
        (rules, more, candidates) => {
          const before = verdicts([...FIRST, ...rules], candidates);
          const after = verdicts([...FIRST, ...rules, more], candidates);
          for (const [place, code] of before.entries()) {
            if (code !== 0) expect(after[place]).toBe(code);
            else expect([0, CODE[more.name]]).toContain(after[place]);
          }
          const { candidates: all, kept, dropped } = countReasons(Uint8Array.from(after));
          const sum = Object.values(dropped).reduce((total, count) => total + count, kept);
          expect(sum).toBe(all);
          expect(all).toBe(candidates.documents.filter((document) => document >= 0).length);
        },
      ),
    );
  });

  it.each(thresholds)('%s: a stricter threshold keeps a part of what a looser one keeps', (_, rule) => {
    fc.assert(
      fc.property(cosine, cosine, arbitraryCandidates, (a, b, candidates) => {
        const loose = survivors(verdicts([...FIRST, rule(Math.min(a, b))], candidates));
        const strict = survivors(verdicts([...FIRST, rule(Math.max(a, b))], candidates));
        expect(loose).toEqual(expect.arrayContaining(strict));
      }),
    );
  });

  it('thresholds keep the same candidates in whatever order they stand', () => {
    const chains = fc
      .uniqueArray(fc.constantFrom(...ofOne), { selector: ([name]) => name, minLength: 2 })
      .chain((picked) =>
        fc
          .tuple(...picked.map(([, rule]) => cosine.map(rule)))
          .chain((rules) =>
            fc.tuple(fc.constant(rules), fc.shuffledSubarray(rules, { minLength: rules.length })),
          ),
      );
    fc.assert(
      fc.property(chains, arbitraryCandidates, ([one, other], candidates) => {
        expect(survivors(verdicts([...FIRST, ...one], candidates))).toEqual(
          survivors(verdicts([...FIRST, ...other], candidates)),
        );
      }),
    );
  });

  it('asks for the features it reads', () => {
    fc.assert(
      fc.property(anyRule, arbitraryCandidates, (rule, candidates) => {
        const asked = featuresOf([rule]);
        const features = Object.fromEntries(asked.map((name) => [name, candidates.features[name]!]));
        expect(() => verdicts([rule], { ...candidates, features })).not.toThrow();
      }),
    );
  });
});

describe('under-fill', () => {
  const base = { numNegatives: 3, sampling: 'top', seed: 1 } as const;
  const chainOfShare = (x: number): readonly ChainRule[] => [
    ...FIRST,
    { name: 'relative_margin', margin: x },
  ];

  it('keep leaves what there is, drop gives the query up, relax fills with what lies least beyond', () => {
    fc.assert(
      fc.property(share, arbitraryCandidates, (margin, candidates) => {
        const chain = compileChain(chainOfShare(margin));
        const run = (underFill: 'drop' | 'keep' | 'relax') => {
          const fresh = freshReasons(candidates);
          runChain(chain, fresh);
          return { ...keepNegatives({ ...base, chain, underFill }, fresh), reasons: [...fresh.reasons] };
        };
        const kept = run('keep');
        const dropped = run('drop');
        const relaxed = run('relax');
        expect(dropped.places).toEqual(kept.places.length === 3 ? kept.places : []);
        expect(dropped.reasons.filter((code) => code === CODE.under_filled).length).toBe(
          kept.places.length < 3 ? kept.places.length : 0,
        );
        const eligible = kept.reasons.filter(
          (code) => code === 0 || code === CODE.relative_margin || code === CODE.not_sampled,
        );
        expect(relaxed.places.length).toBe(Math.min(3, eligible.length));
        expect(relaxed.relaxed).toBe(relaxed.places.length - kept.places.length);
        expect(relaxed.places).toEqual(expect.arrayContaining([...kept.places]));
        const bar = Math.max(-2, ...relaxed.places.map((place) => candidates.scores[place]!));
        for (const [place, code] of relaxed.reasons.entries()) {
          if (code === CODE.relative_margin) {
            expect(relaxed.places.length).toBe(3);
            expect(candidates.scores[place]!).toBeGreaterThanOrEqual(bar - 2);
          }
        }
      }),
    );
  });
});
