import type { StageContext } from '../stages/stage-context.ts';
import type { ImageReader } from './image-reader.ts';
import { type RowImages, readRowImages } from './row-images.ts';
import { BadRow, type SourceRow } from './source-row.ts';
import type { Source, Staging } from './staging.ts';

/** Which fields of the rows hold images, and who reads them; null where none do. */
export interface ImageFields {
  readonly reader: ImageReader;
  readonly names: readonly string[];
}

/** Stages every row of a file by `stage`, which throws BadRow for one that cannot be used: that one is quarantined. */
export async function stageRows(
  context: StageContext,
  staging: Staging,
  source: Source,
  batches: AsyncIterable<readonly SourceRow[]>,
  stage: (values: Readonly<Record<string, unknown>>, row: SourceRow, images: RowImages) => void,
  fields: ImageFields | null = null,
): Promise<void> {
  for await (const batch of batches) {
    context.signal.throwIfAborted();
    const imagesOf = await readRowImages(fields?.reader ?? null, fields?.names ?? [], batch);
    for (const row of batch) {
      staging.fileRows[source]++;
      if (row.values instanceof BadRow) {
        staging.addBad(source, row, row.values);
        continue;
      }
      try {
        stage(row.values, row, imagesOf(row));
      } catch (error) {
        if (!(error instanceof BadRow)) throw error;
        staging.addBad(source, row, error);
      }
    }
    await staging.drain();
  }
}
