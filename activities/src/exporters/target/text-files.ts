import type { ExportTarget } from './export-target.ts';
import { type Json, JsonFile } from './json-file.ts';

/** Writes a file of JSON lines. */
export async function writeLines(
  target: ExportTarget,
  name: string,
  fill: (write: (row: Json) => void) => Promise<void>,
): Promise<void> {
  let rows = 0;
  await target.during(new JsonFile(await target.path(name)), (file) =>
    fill((row) => {
      file.json(row);
      rows++;
    }),
  );
  target.count(name, rows);
}

/** Writes one JSON array, an element a line, between what stands before and behind it. */
export async function writeArray(
  target: ExportTarget,
  name: string,
  fill: (write: (row: Json) => void) => Promise<void>,
  { before = '', after = '' }: { readonly before?: string; readonly after?: string } = {},
): Promise<void> {
  let rows = 0;
  await target.during(new JsonFile(await target.path(name)), async (file) => {
    file.text(`${before}[`);
    await fill((row) => {
      file.text(rows === 0 ? '\n' : ',\n');
      file.value(row);
      rows++;
    });
    file.text(`\n]${after}\n`);
  });
  target.count(name, rows);
}

/** Writes lines of text; a heading is no row. */
export async function writeText(
  target: ExportTarget,
  name: string,
  fill: (write: (line: string) => void) => Promise<void>,
  heading?: string,
): Promise<void> {
  let rows = 0;
  await target.during(new JsonFile(await target.path(name)), async (file) => {
    if (heading !== undefined) file.text(`${heading}\n`);
    await fill((line) => {
      file.text(`${line}\n`);
      rows++;
    });
  });
  target.count(name, rows);
}

/** Writes one JSON document, indented, for people as well. */
export async function writeDocument(target: ExportTarget, name: string, document: object): Promise<void> {
  await target.during(new JsonFile(await target.path(name)), async (file) => {
    file.text(`${JSON.stringify(document, null, 2)}\n`);
  });
  target.count(name, 1);
}
