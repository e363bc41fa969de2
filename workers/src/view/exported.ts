import { flag } from '@quarry/activities/exporters/export-options';
import type { Exported } from '@quarry/activities/exporters/export-run';
import { EXPORTERS } from '@quarry/activities/exporters/exporters';
import { columns, count } from './format.ts';

/** What an export wrote, what it left out and why. */
export function exportedLines({ files, leftOut, from }: Exported, to: string): readonly string[] {
  const rows = files.map(({ path, rows, bytes }) => [path, count(rows), count(bytes)]);
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
