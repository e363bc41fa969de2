import type { RunRef } from '@quarry/workflows';
import { planDirectory, type RunDocument } from '../stages/run-document.ts';
import type { StageContext } from '../stages/stage-context.ts';

const SHOWN = 10;
/** Enough for ten lines; a longer line is cut off. */
const BYTES = 64 * 1024;

/** The first ten bad rows of the input, as the plan's `quarantine.jsonl` holds them. */
export async function readQuarantined(
  context: StageContext,
  unit: RunRef,
  run: RunDocument,
): Promise<readonly unknown[]> {
  if (run.plan.quarantined === 0) return [];
  const uri = `${planDirectory(unit, run)}/quarantine.jsonl`;
  const store = context.openStore(uri);
  const size = await store.size(uri);
  if (size === null) return [];
  const text = new TextDecoder().decode(await store.readRange(uri, 0, Math.min(size, BYTES)));
  const lines = text.split('\n');
  if (size > BYTES) lines.pop();
  return lines
    .filter((line) => line !== '')
    .slice(0, SHOWN)
    .map((line) => JSON.parse(line) as unknown);
}
