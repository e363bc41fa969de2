/** A query or a document; its text is null where neither the cache nor a table holds it. */
export interface Content {
  readonly id: string;
  readonly text: string | null;
  /** Path of its image, as the input names it; absent where it has none. */
  readonly image?: string;
}

/** One row of `candidates`, with the texts. */
export interface InspectedCandidate {
  readonly document: Content;
  readonly rank: number;
  readonly score: number;
  readonly owner: Content | null;
  readonly ownerScore: number | null;
  readonly kept: boolean;
  readonly reason: string | null;
  /** The likeliest false negative of its query, as the report has it. */
  readonly suspect: boolean;
}

/** One query, and what became of its candidates. */
export interface Inspected {
  readonly query: Content;
  /** Their scores are known where the cache is. */
  readonly positives: readonly (Content & { readonly score: number | null })[];
  /** By rank. */
  readonly candidates: readonly InspectedCandidate[];
}
