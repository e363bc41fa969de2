import { z } from 'zod';
import { TABLES } from '../terms.ts';
import { uri } from './fields.ts';

/** What comes out, and where. */
export const output = z.strictObject({
  path: uri.default('out'),
  /** Default: all that the strategy makes. */
  tables: z.array(z.enum(TABLES)).min(1).optional(),
  compression: z.enum(['snappy', 'zstd']).default('snappy'),
});
