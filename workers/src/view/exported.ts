import { flag } from '@quarry/activities/exporters/export-options';
import type { Exported } from '@quarry/activities/exporters/export-run';
import { EXPORTERS } from '@quarry/activities/exporters/exporters';
import type { ExportedFile } from '@quarry/activities/exporters/target/export-target';
import { columns, count } from './format.ts';

/** What an export wrote, what it left out and why. */
export function exportedLines({ files, leftOut, from }: Exported, to: string): readonly string[] {
  const isImage = ({ path }: ExportedFile): boolean => path.startsWith('images/');
  const rows = files
    .filter((file) => !isImage(file))
    .map(({ path, rows, bytes }) => [path, count(rows), count(bytes)]);
  const images = files.filter(isImage);
  const imageBytes = images.reduce((sum, { bytes }) => sum + bytes, 0);
  if (images.length > 0) rows.push([`images/ (${count(images.length)} files)`, '0', count(imageBytes)]);
  return [
    `Written to ${to}`,
    ...columns([['file', 'rows', 'bytes'], ...rows], [1, 2]),
    ...leftOut.map(({ rows, reason }) => `Left out: ${count(rows)} ${reason}`),
    ...(from === 'tables'
      ? ['Made from the published tables: of a query with several positives, those of its rows there.']
      : []),
  ];
}

/** The formats: what each is, how it was proved, and what it takes. */
export function formatLines(): readonly string[] {
  return EXPORTERS.flatMap(({ name, description, shapes, options, proof }) => {
    const choices = [...(shapes.length > 0 ? [`--shape ${shapes.join(' | ')}`] : []), ...options.map(flag)];
    const indent = ' '.repeat(24);
    return [
      `  ${name.padEnd(21)} ${description}`,
      ...(choices.length > 0 ? [`${indent}${choices.join(', ')}`] : []),
      `${indent}proved: ${proof}`,
    ];
  });
}
