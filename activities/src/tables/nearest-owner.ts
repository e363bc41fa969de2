import type { Saha } from '../mining/anchor.ts';
import { dot } from '../mining/dot.ts';
import type { ScoredOwner } from '../mining/owned-candidates.ts';
import { isBefore } from '../mining/owner-lists.ts';
import { type OwnerFiles, readOwners } from './owner-files.ts';
import { RecentlyUsed } from './recently-used.ts';
import type { VectorFiles } from './vector-files.ts';

/** Documents whose owners are held. */
const DOCUMENTS = 1024;

/**
 * Looks for an owner among all those of a document, by its vector: for documents with more owners than are listed.
 * Memory: 4 bytes per owner of 1,024 documents, and the vectors that are held.
 */
export function nearestOwnerIn(files: OwnerFiles, vectors: VectorFiles): Saha['nearestOwner'] {
  const owners = new RecentlyUsed(
    DOCUMENTS,
    (document) => readOwners(files, Int32Array.of(document)).queries,
  );
  const { dimension } = vectors;
  return (query, document, allowed) => {
    const own = vectors.around(query);
    let nearest: ScoredOwner | undefined;
    for (const owner of owners.get(document)) {
      if (!allowed(owner)) continue;
      const other = vectors.around(owner);
      const score = dot(
        own.vectors,
        (query - own.start) * dimension,
        other.vectors,
        (owner - other.start) * dimension,
        dimension,
      );
      if (!nearest || isBefore(owner, score, nearest.owner, nearest.score)) nearest = { owner, score };
    }
    return nearest;
  };
}
