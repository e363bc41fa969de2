/** What Temporal bundles: every workflow of this package, and nothing else. */
export { mineHardNegatives } from './mine-hard-negatives.ts';
export { mineUnits } from './mine-units.ts';
