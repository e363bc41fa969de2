import { z } from 'zod';

/** Where something lies: `file:`, `s3:`, or a path relative to the job file. */
export const uri = z.string().min(1);
/** A part of a whole, 0 to 1. */
export const share = z.number().min(0).max(1);
/** At least one. */
export const count = z.int().min(1);
