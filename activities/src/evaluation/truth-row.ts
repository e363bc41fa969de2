import { checkedId, idField, optionalTextField, quoted } from '../dataset/fields.ts';
import { BadRow } from '../dataset/source-row.ts';

/** How a truth is to be understood. */
export type TruthKind =
  /** judgements by query: a document that a judged query does not list is not relevant */
  | 'qrels'
  /** judgements of single candidates: what is not listed is not judged */
  | 'verdicts'
  /** a label per text: the documents of a query's own label are relevant */
  | 'labels';

/** One row: (query, document, relevant), or (id or text, label). */
export type TruthRow =
  | { readonly query: string; readonly document: string; readonly relevant: boolean }
  | { readonly key: string; readonly label: string };

type Values = Readonly<Record<string, unknown>>;

const YES = ['positive', 'accept', 'accepted', 'relevant', 'yes', 'true', '1'];
const NO = ['negative', 'reject', 'rejected', 'irrelevant', 'no', 'false', '0'];

/** A person's verdict on a candidate; null where the row was left undecided. @throws BadRow */
export function verdictRow(values: Values): TruthRow | null {
  const given = values.verdict;
  if (given === null || given === undefined || given === '') return null;
  const word = String(given).trim().toLowerCase();
  if (!YES.includes(word) && !NO.includes(word)) {
    throw new BadRow(
      `verdict ${quoted(word)}; expected positive or negative (${[...YES, ...NO].slice(1).join(', ')} do as well), or nothing where undecided`,
    );
  }
  return {
    query: idField(values, 'query_id'),
    document: idField(values, 'document_id'),
    relevant: YES.includes(word),
  };
}

/** A label of a text, or of an id. @throws BadRow */
export function labelRow(values: Values, by: 'id' | 'text'): TruthRow {
  const label = checkedId(values.label, 'label');
  const key = by === 'id' ? idField(values, 'id') : optionalTextField(values, 'text');
  if (key === '') throw new BadRow(`field "${by}" is empty; expected ${by === 'id' ? 'an id' : 'a text'}`);
  return { key, label };
}

/** A line of a TREC qrels file: query, iteration, document, relevance. @throws BadRow */
export function trecRow(text: string, minRelevance: number): TruthRow {
  const fields = text.trim().split(/\s+/);
  const [query, , document, relevance] = fields;
  if (fields.length !== 4 || query === undefined || document === undefined) {
    throw new BadRow(`${fields.length} fields; expected query id, iteration, document id and relevance`);
  }
  if (!Number.isFinite(Number(relevance)))
    throw new BadRow(`relevance ${quoted(relevance ?? '')} is not a number`);
  return { query, document, relevant: Number(relevance) >= minRelevance };
}
