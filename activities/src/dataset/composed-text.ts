import { checkedText, idField, optionalTextField, textField } from './fields.ts';
import { BadRow } from './source-row.ts';

type Values = Readonly<Record<string, unknown>>;

/** The columns of a row with an id and a text. */
export interface TextColumns {
  readonly id: string;
  readonly text: string;
  readonly title?: string | undefined;
}

/** The title, a space, and the text; one alone where the other is empty (as BEIR composes documents). */
export function composeText(title: string, text: string): string {
  if (title === '') return text;
  return text === '' ? title : `${title} ${text}`;
}

/** Id and composed text of a row. @throws BadRow, which carries the id where it could be read */
export function readText(
  values: Values,
  columns: TextColumns,
): { readonly id: string; readonly text: string } {
  const id = idField(values, columns.id);
  try {
    const title = columns.title === undefined ? '' : optionalTextField(values, columns.title);
    if (title === '') return { id, text: textField(values, columns.text) };
    // The title alone can be embedded, so an empty text is good; a missing one is not.
    const text = isBlank(values[columns.text]) ? '' : textField(values, columns.text);
    return { id, text: checkedText(composeText(title, text), columns.title ?? columns.text) };
  } catch (error) {
    throw error instanceof BadRow ? new BadRow(error.reason, id) : error;
  }
}

function isBlank(value: unknown): boolean {
  return typeof value === 'string' && value.trim() === '';
}
