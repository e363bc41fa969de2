import type { StageContext } from '../stages/stage-context.ts';
import { BadRow, type SourceRow } from './source-row.ts';
import type { Source, Staging } from './staging.ts';

/** Stages every row of a file by `stage`, which throws BadRow for one that cannot be used: that one is quarantined. */
export async function stageRows(
  context: StageContext,
  staging: Staging,
  source: Source,
  batches: AsyncIterable<readonly SourceRow[]>,
  stage: (values: Readonly<Record<string, unknown>>, row: SourceRow) => void,
): Promise<void> {
  for await (const batch of batches) {
    context.signal.throwIfAborted();
    for (const row of batch) {
      staging.fileRows[source]++;
      if (row.values instanceof BadRow) {
        staging.addBad(source, row, row.values);
        continue;
      }
      try {
        stage(row.values, row);
      } catch (error) {
        if (!(error instanceof BadRow)) throw error;
        staging.addBad(source, row, error);
      }
    }
    await staging.drain();
  }
}
