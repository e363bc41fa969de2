import type { Job } from '@quarry/workflows';
import { checkedId, checkedText } from './fields.ts';
import type { SourceRow } from './source-row.ts';
import type { Staging } from './staging.ts';

/** A negative that a row of the pairs brings: an id of the corpus, or a content. */
export type OwnNegative = { readonly id: string } | { readonly text: string };

/** The negatives of one row, in its order; none where the column is missing, null or empty. @throws BadRow */
export function ownNegatives(
  values: Readonly<Record<string, unknown>>,
  { negative, negativeId }: Job['input']['columns'],
): OwnNegative[] {
  const name = negativeId ?? negative;
  const value = name === undefined ? undefined : values[name];
  if (name === undefined || value === undefined || value === null || value === '') return [];
  const listed: readonly unknown[] = Array.isArray(value) ? value : [value];
  return listed.map((one) =>
    negativeId === undefined ? { text: checkedText(one, name) } : { id: checkedId(one, name) },
  );
}

/** Stages them as candidates of `query`; contents that are no document yet become one, under `negative:<row>#<place>`. */
export function stageNegatives(
  staging: Staging,
  negatives: readonly OwnNegative[],
  { row, line }: SourceRow,
  query: number,
): void {
  for (const [place, negative] of negatives.entries()) {
    const document =
      'id' in negative
        ? negative.id
        : staging.addDocument({
            source: 'pairs',
            row: -1,
            line,
            id: `negative:${row}#${place}`,
            text: negative.text,
          });
    staging.addGiven({ source: 'negatives', line, query, document, rank: place + 1, score: null });
  }
}
