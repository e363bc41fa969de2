import { type ImageCell, imageCells } from './image-cell.ts';
import type { ImageReader } from './image-reader.ts';
import type { RowImage } from './row-content.ts';
import { BadRow, type SourceRow } from './source-row.ts';

/** The images of one row, read and checked. */
export interface RowImages {
  /**
   * The images of a field, null where there is none.
   *
   * @throws BadRow where one of them cannot be used
   */
  of(name: string): { readonly images: readonly (RowImage | null)[]; readonly isList: boolean };
}

/** Reads the images that a batch of rows has in the named fields. Holds those of one batch that came as bytes. */
export async function readRowImages(
  reader: ImageReader | null,
  names: readonly string[],
  batch: readonly SourceRow[],
): Promise<(row: SourceRow) => RowImages> {
  const cells = new Map<SourceRow, Map<string, ReturnType<typeof imageCells> | BadRow>>();
  const wanted: ImageCell[] = [];
  for (const row of batch) {
    if (row.values instanceof BadRow || names.length === 0) continue;
    const fields = new Map<string, ReturnType<typeof imageCells> | BadRow>();
    for (const name of names) {
      const field = attempt(() => imageCells(row.values as Readonly<Record<string, unknown>>, name));
      fields.set(name, field);
      if (!(field instanceof BadRow)) wanted.push(...field.cells.filter((cell) => cell !== null));
    }
    cells.set(row, fields);
  }
  const outcomes = (await reader?.read(wanted)) ?? new Map<ImageCell, RowImage | BadRow>();
  return (row) => ({
    of: (name) => {
      const field = cells.get(row)!.get(name)!;
      if (field instanceof BadRow) throw field;
      const images = field.cells.map((cell) => {
        const outcome = cell && outcomes.get(cell)!;
        if (outcome instanceof BadRow) throw outcome;
        return outcome;
      });
      return { images, isList: field.isList };
    },
  });
}

function attempt<T>(read: () => T): T | BadRow {
  try {
    return read();
  } catch (error) {
    if (error instanceof BadRow) return error;
    throw error;
  }
}
