/** A kept negative and what speaks for its being a false one. */
export interface Suspect {
  readonly query: number;
  readonly document: number;
  /** 1 is the best candidate. */
  readonly rank: number;
  readonly score: number;
  /** The query's highest score of a positive. */
  readonly positiveScore: number;
  /** Similarity of the document's owner to the query; null where none was looked at. */
  readonly ownerScore: number | null;
  /** What the pair rule measures of it; null where the chain has no pair rule. */
  readonly pairScore: number | null;
  /** {@link suspicion}: what suspects are ordered by. */
  readonly suspicion: number;
}

/** Suspects that a unit keeps, one for a query: as many as the report can show, so that shards do not change it. */
export const MOST_SUSPECTS = 50;

/**
 * How much a kept negative looks as if it answered its query: what the pair rule measures, where the run has that; else its
 * score and its owner's similarity to the query, averaged (the half of the pair rule that needs no second look at vectors,
 * without hubness); the score alone where no owner was looked at. Absolute on purpose: taken relative to the positive's score
 * it finds weak positives, not false negatives.
 */
export function suspicion({ score, ownerScore, pairScore }: Evidence): number {
  if (pairScore !== null) return pairScore;
  return ownerScore === null ? score : (score + ownerScore) / 2;
}

type Evidence = Pick<Suspect, 'score' | 'ownerScore' | 'pairScore'>;

/** The most suspect, in order; ties by query. */
export function mostSuspect(suspects: readonly Suspect[]): Suspect[] {
  return suspects.toSorted((a, b) => b.suspicion - a.suspicion || a.query - b.query).slice(0, MOST_SUSPECTS);
}

/** Keeps the most suspect of what it is offered, one for each query. Memory: twice {@link MOST_SUSPECTS}. */
export class Suspects {
  #kept: Suspect[] = [];
  #least = Number.NEGATIVE_INFINITY;

  offer(suspect: Suspect): void {
    if (suspect.suspicion < this.#least) return;
    this.#kept.push(suspect);
    if (this.#kept.length === 2 * MOST_SUSPECTS) this.#cut();
  }

  list(): readonly Suspect[] {
    this.#cut();
    return this.#kept;
  }

  #cut(): void {
    this.#kept = mostSuspect(this.#kept);
    if (this.#kept.length === MOST_SUSPECTS) this.#least = this.#kept.at(-1)!.suspicion;
  }
}
