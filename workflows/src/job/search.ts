import { z } from 'zod';

/** How candidates are found. */
export const search = z.strictObject({
  engine: z.enum(['auto', 'exact', 'hnswlib']).default('auto'),
  /** HNSW: links per node. */
  m: z.int().min(4).max(64).default(16),
  efConstruction: z.int().min(8).max(2000).default(200),
  /** HNSW: breadth of the search; default twice the candidates per query. */
  efSearch: z.int().min(8).max(10000).optional(),
  /** Queries on which recall is measured. */
  recallSample: z.int().min(1).max(10000).default(200),
});
