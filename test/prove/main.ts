/**
 * `npm run prove -- NAME [options]`: what the project claims, measured anew. Never part of a test: a proof takes from
 * minutes to hours, keeps what it has done, and goes on from there when it is started again.
 */
const PROOFS: Readonly<Record<string, () => Promise<(args: readonly string[]) => Promise<void>>>> = {
  /** the paper's ablation in miniature: four jobs that differ in model.prompt only */
  prompts: async () => (await import('./prompts.ts')).provePrompts,
  /** false-negative rates of every method at equal hardness */
  'false-negatives': async () => (await import('./false-negatives.ts')).proveFalseNegatives,
  /** what each filter does alone, against skipped ranks at equal hardness */
  filters: async () => (await import('./filters.ts')).proveFilters,
  /** quarry-mini mines for itself and is trained on it: in-batch, naive, margin, SaHa; and a second round */
  'self-awareness': async () => (await import('./self-awareness.ts')).proveSelfAwareness,
  /** fine-tuning on mined negatives: does it help, and which? */
  training: async () => (await import('./training.ts')).proveTraining,
};

const [name = '', ...args] = process.argv.slice(2);
const proof = PROOFS[name];
if (proof) await (await proof())(args);
else {
  console.error(`${name || 'nothing'} is no proof; there are ${Object.keys(PROOFS).join(', ')}`);
  process.exitCode = 2;
}
