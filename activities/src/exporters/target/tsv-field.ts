import { QuarryError } from '../../failures.ts';
import { decoded, type Text } from '../source/text.ts';

/** An id as a field of a TSV file; a QuarryError `BadInput` where it would shift columns. */
export function tsvField(id: Text, alsoBarred = ''): string {
  const text = decoded(id);
  for (const character of `\t\r\n${alsoBarred}`) {
    if (!text.includes(character)) continue;
    const what =
      { '\t': 'a tab', '\r': 'a line break', '\n': 'a line break' }[character] ?? JSON.stringify(character);
    throw new QuarryError(
      'BadInput',
      `The id ${JSON.stringify(text)} holds ${what}, which this file cannot; give the input other ids, or export to another format`,
    );
  }
  return text;
}
