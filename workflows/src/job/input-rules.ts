import type { z } from 'zod';
import type { input } from './input.ts';
import type { Refuse } from './refuse.ts';

/** What does not go together in `input`, with advice. */
export function inputRefusals(i: z.output<typeof input>, refuse: Refuse): void {
  const { columns, corpus, format, candidates, candidatesMode } = i;
  if (corpus && format !== 'pairs') {
    refuse(['corpus'], `format ${format} brings its own documents; use format: pairs or remove it`);
  }
  for (const column of ['negative', 'negativeId'] as const) {
    if (columns[column] !== undefined && format !== 'pairs') {
      refuse(
        ['columns', column],
        `format ${format} has no column of negatives; use format: pairs, or give them as input.candidates`,
      );
    }
  }
  for (const column of ['queryImage', 'positiveImage'] as const) {
    if (columns[column] !== undefined && format !== 'pairs') {
      refuse(['columns', column], `format ${format} has columns of its own; use format: pairs or remove it`);
    }
  }
  if (format === 'mmeb' && candidates !== undefined) {
    refuse(
      ['candidates'],
      'mmeb mines each subset on its own, and given candidates would cross them; use format: pairs or remove it',
    );
  }
  const byId = corpus !== undefined && columns.positiveId !== undefined;
  if (columns.negative !== undefined && byId) {
    refuse(
      ['columns', 'negative'],
      'positives are ids of the corpus here (columns.positiveId), so negatives are as well; use columns.negativeId',
    );
  }
  if (columns.negativeId !== undefined && !byId) {
    refuse(
      ['columns', 'negativeId'],
      'needs input.corpus and columns.positiveId, whose ids it names; use columns.negative for contents',
    );
  }
  const brings =
    candidates !== undefined || columns.negative !== undefined || columns.negativeId !== undefined;
  if (candidatesMode !== undefined && !brings) {
    refuse(
      ['candidatesMode'],
      `${candidatesMode} has no effect without candidates; set input.candidates or input.columns.negative, or remove it`,
    );
  }
}
