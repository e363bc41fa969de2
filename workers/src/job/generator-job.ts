import type { Job } from '@quarry/workflows';
import { jobSchema } from '@quarry/workflows/job';
import { CommandError } from '../command-error.ts';

/** The `model` of a job with a generator, as the options of a command mean it; everything else by default. */
export function generatorJob(
  path: string,
  { dtype, file }: { readonly dtype?: string | undefined; readonly file?: string | undefined },
): Extract<Job['model'], { kind: 'generator' }> {
  const given = { ...(dtype !== undefined && { dtype }), ...(file !== undefined && { file }) };
  const parsed = jobSchema.shape.model.safeParse({ kind: 'generator', path, ...given });
  if (parsed.success && parsed.data.kind === 'generator') return parsed.data;
  throw new CommandError(2, `--dtype ${dtype}: use fp32, fp16, q8, int8, uint8, q4, q4f16 or bnb4`);
}
