import { z } from 'zod';
import { count } from './fields.ts';

/** How the work is cut and paced. Changes neither a result nor the run's id. */
export const execution = z.strictObject({
  /** Documents (and queries) per shard at most; default from the size of the texts. */
  shardRows: count.optional(),
  /** Documents per index part at most; default from the size of the vectors. */
  partRows: count.optional(),
  /** Units of one stage in flight at once. */
  window: z.int().min(1).max(500).default(64),
});
