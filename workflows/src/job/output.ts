import { z } from 'zod';
import { TABLES } from '../terms.ts';
import { uri } from './fields.ts';

/** What comes out, and where. */
export const output = z.strictObject({
  path: uri.default('out'),
  /** Default: all that the strategy makes. */
  tables: z.array(z.enum(TABLES)).min(1).optional(),
  /** Images of the tables: their bytes, or the paths of their files. */
  images: z.enum(['embed', 'path']).default('embed'),
  compression: z.enum(['snappy', 'zstd']).default('snappy'),
});
