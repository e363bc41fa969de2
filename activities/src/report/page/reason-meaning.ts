const MEANINGS: Readonly<Record<string, string>> = {
  self: 'the query itself',
  known_positive: 'a positive that the input names',
  rank_window: 'outside the ranks that are looked at',
  absolute_margin: 'too near the positive’s score',
  relative_margin: 'too near the positive’s score',
  max_score: 'score too high',
  min_score: 'score too low',
  not_sampled: 'good enough, but enough were taken',
  under_filled: 'its query had too few to keep any',
  unowned: 'no query owns it, so SaHa cannot judge it',
  owner_used: 'its owners are in other clusters',
  owner_barred: 'its owner shares the anchor’s positive',
  owner_similar: 'its owner is too similar to the query',
  conflict: 'would train a positive as a negative',
  claimed: 'its query is in another’s cluster',
  near_duplicate_positive: 'nearly the same as a positive',
  near_duplicate_negative: 'nearly the same as a better negative',
  reciprocal_rank: 'the query is near to it as well',
  hubness: 'a candidate of too many queries',
  pair: 'its pair is too like the query’s',
};

/** A reason in a few words; empty for one that is not known here. */
export function meaningOf(reason: string): string {
  return MEANINGS[reason] ?? '';
}

/** Whether a reason says that the document is right for the query, and not that it was judged. */
export function isKnown(reason: string): boolean {
  return reason === 'known_positive' || reason === 'self';
}
