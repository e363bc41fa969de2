import { fileURLToPath } from 'node:url';
import { type Funnel, type MiningResult, REASONS, type StageFigures } from '@quarry/workflows';
import { columns, count, duration, share } from './format.ts';
import type { Style } from './style.ts';

/** What is printed when a run is done: funnel, stages, where everything lies and how to go on. */
export function summaryLines(result: MiningResult, style: Style): readonly string[] {
  const run = readable(result.output);
  return [
    '',
    result.alreadyCommitted
      ? `The same run lay committed there before; nothing was done: ${style('bold', result.runId)}`
      : `Done: ${style('bold', result.runId)}`,
    '',
    ...funnelLines(result.funnel),
    '',
    ...stageLines(result.stages),
    '',
    `Parquet     ${run}/data`,
    `Report      ${run}/report.html`,
    `Manifest    ${readable(result.manifest)}`,
    `Load it     ${loadLine(result.output)}`,
    `Look at it  quarry inspect ${run} --sample 3`,
  ];
}

/** The threshold that a run found by itself. */
export interface FoundThreshold {
  readonly filter: string;
  readonly above: number;
  readonly met: boolean;
  readonly why: string;
}

/** What a run found where its job left a threshold open. */
export function thresholdLines(found: FoundThreshold | null): readonly string[] {
  if (!found) return [];
  const { filter, above, met, why } = found;
  return [`Threshold   ${filter} ${above.toFixed(3)}: ${why}${met ? '' : '; what was asked for is not met'}`];
}

/** How to read the triplets of a run in one line: Python for a directory, DuckDB for a URI. */
export function loadLine(output: string): string {
  const run = readable(output);
  return output.startsWith('file:')
    ? `python -c 'from datasets import load_dataset; print(load_dataset("${run}", "triplet", split="train"))'`
    : `duckdb -c "SELECT * FROM '${run}/data/triplet/*.parquet'"`;
}

/** A URI as a person writes it: files as paths. */
export function readable(uri: string): string {
  return uri.startsWith('file:') ? fileURLToPath(uri) : uri;
}

/** Candidates from retrieved to kept, by reason, with their shares. */
export function funnelLines({ candidates, kept, dropped }: Funnel): readonly string[] {
  const reasons = REASONS.filter((reason) => (dropped[reason] ?? 0) > 0);
  const rows = [
    ['candidates', count(candidates), ''],
    ...reasons.map((reason) => [
      `  ${reason}`,
      `-${count(dropped[reason]!)}`,
      share(dropped[reason]!, candidates),
    ]),
    ['kept', count(kept), share(kept, candidates)],
  ];
  return columns(rows, [1, 2]);
}

function stageLines(stages: Readonly<Record<string, StageFigures>>): readonly string[] {
  const rows = Object.entries(stages).map(([stage, { units, computed, reused, seconds }]) => [
    stage,
    count(units),
    count(computed),
    count(reused),
    duration(seconds),
  ]);
  return columns([['stage', 'units', 'computed', 'reused', 'time'], ...rows], [1, 2, 3, 4]);
}
