import { BadRow } from './source-row.ts';

type Values = Readonly<Record<string, unknown>>;

/** Characters of a value that a reason quotes. */
const QUOTED = 60;

/** A text that can be embedded, exactly as it stands. @throws BadRow */
export function textField(values: Values, name: string): string {
  return checkedText(present(values, name), name);
}

/** A text, or '' where the field is missing, null or empty. @throws BadRow */
export function optionalTextField(values: Values, name: string): string {
  const value = values[name];
  if (value === undefined || value === null || value === '') return '';
  return wellFormed(value, name);
}

/** An id: a string, or a whole number as a string. @throws BadRow */
export function idField(values: Values, name: string): string {
  return checkedId(present(values, name), name);
}

/** One value or a list of values. @throws BadRow with an empty list */
export function listField(
  values: Values,
  name: string,
): { readonly values: readonly unknown[]; readonly isList: boolean } {
  const value = present(values, name);
  if (!Array.isArray(value)) return { values: [value], isList: false };
  if (value.length === 0) throw new BadRow(`field "${name}" is an empty list`);
  return { values: value, isList: true };
}

/** @throws BadRow */
export function checkedText(value: unknown, name: string): string {
  const text = wellFormed(value, name);
  if (text.trim() === '') throw new BadRow(`field "${name}" is empty: there is nothing to embed`);
  return text;
}

/** @throws BadRow */
export function checkedId(value: unknown, name: string): string {
  if (Number.isSafeInteger(value) || typeof value === 'bigint') return String(value);
  const id = wellFormed(value, name, 'a string or a whole number');
  if (id === '') throw new BadRow(`field "${name}" is empty; expected an id`);
  return id;
}

/** How a value stands in a reason. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text);
}

function present(values: Values, name: string): unknown {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === undefined) {
    const names = Object.keys(values).slice(0, 10).map(quoted);
    throw new BadRow(`field "${name}" is missing; the row has ${names.join(', ') || 'none'}`);
  }
  return value;
}

function wellFormed(value: unknown, name: string, expected = 'a string'): string {
  if (typeof value !== 'string') {
    const found = value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
    throw new BadRow(`field "${name}" is ${found}; expected ${expected}`);
  }
  if (/\p{Surrogate}/u.test(value))
    throw new BadRow(`field "${name}" holds half a surrogate pair, which is no Unicode text`);
  return value;
}
