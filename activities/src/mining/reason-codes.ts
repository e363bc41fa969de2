import { REASONS, type Reason } from '@quarry/workflows';

/** The code that the stages store for each reason: its place in `REASONS`. */
export const CODE = Object.fromEntries(REASONS.map((reason, code) => [reason, code])) as Readonly<
  Record<Reason, number>
>;
