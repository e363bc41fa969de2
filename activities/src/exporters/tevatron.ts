import type { Exporter } from './exporter.ts';
import { leaveOutQueries } from './leave-out-queries.ts';
import { streamRows } from './stream-rows.ts';
import { type IdentifiedDocument, trainingIds } from './training-ids.ts';

const passages = (documents: readonly IdentifiedDocument[]): { docid: string; text: string }[] =>
  documents.map(({ id, text }) => ({ docid: id, text }));

const ids = (documents: readonly IdentifiedDocument[]): string[] => documents.map(({ id }) => id);

/**
 * Tevatron. `legacy`: `train.jsonl` with the texts of passages; `ids`: `train.jsonl` with document ids, and
 * `corpus.jsonl`.
 *
 * Traps: negatives are drawn from the row's, so a query without one is left out; `title` is left out, because a
 * document's text begins with its title and the trainer would join them again. Proved against the
 * documented schema, and by loading with `datasets`; not run through the trainer.
 */
export const tevatron: Exporter = {
  name: 'tevatron',
  description: 'Tevatron: JSONL with passages (legacy), or with document ids and a corpus (ids)',
  shapes: ['legacy', 'ids'],
  needs: () => ({ tables: ['candidates'], plan: true }),
  async write(source, target, shape) {
    const legacy = shape === 'legacy';
    await target.lines('train.jsonl', async (file) => {
      let rows = 0;
      for await (const { id, text, positives, negatives } of trainingIds(source, { texts: legacy })) {
        await file.json(
          legacy
            ? {
                query_id: id,
                query: text,
                positive_passages: passages(positives),
                negative_passages: passages(negatives),
              }
            : {
                query_id: id,
                query_text: text,
                positive_document_ids: ids(positives),
                negative_document_ids: ids(negatives),
              },
        );
        rows++;
      }
      return rows;
    });
    if (!legacy)
      await target.lines('corpus.jsonl', async (file) => {
        let rows = 0;
        for await (const { id, text } of streamRows(source, 'SELECT id, text FROM documents')) {
          await file.json({ docid: id, text });
          rows++;
        }
        return rows;
      });
    await leaveOutQueries(source, target);
  },
};
