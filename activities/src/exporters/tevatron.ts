import type { Exporter } from './exporter.ts';
import { eachExample } from './source/each-example.ts';
import type { Content } from './source/example.ts';
import type { Json } from './target/json-file.ts';
import { writeLines } from './target/text-files.ts';

const passages = (documents: readonly Content[]): Json[] =>
  documents.map(({ id, text }) => ({ docid: id, text }));

const ids = (documents: readonly Content[]): Json[] => documents.map(({ id }) => id);

/**
 * Tevatron. `legacy`: `train.jsonl` with the texts of passages; `ids`: `train.jsonl` with document ids, and
 * `corpus.jsonl`.
 *
 * Traps: negatives are drawn from the row's, so a query without one is left out; a row with fewer than
 * `train_group_size - 1` repeats some (`--negatives` leaves such queries out); `title` is left out, because a document's
 * text begins with its title and the trainer would join them again. `legacy` is proved by tevatron 0.1.0's own data set
 * (test/interop/trainers.test.ts); `ids` came after that release: against the documented schema, and loaded with
 * `datasets` as the loader does.
 */
export const tevatron: Exporter = {
  name: 'tevatron',
  description: 'Tevatron: JSONL with passages (legacy), or with document ids and a corpus (ids)',
  shapes: ['legacy', 'ids'],
  options: ['negatives', 'images'],
  imageShapes: ['ids'],
  proof:
    '`legacy`: tevatron 0.1.0, its `HFTrainDataset`; `ids` (after that release): the documented schema, loaded with `datasets` 5.2.0',
  needs: ({ shape }) => ({ examples: 'texts and ids', ...(shape === 'ids' && { corpus: 'rows' }) }),
  usage: ({ shape }) => [
    `python -m tevatron.retriever.driver.train --dataset_name json --dataset_path train.jsonl${shape === 'ids' ? ' --corpus_name json --corpus_path corpus.jsonl' : ''} ...`,
  ],
  async write(source, target, { shape, negatives: count }) {
    const legacy = shape === 'legacy';
    await writeLines(target, 'train.jsonl', (write) =>
      eachExample(source, target, count, ({ query, positives, negatives }) => {
        const query_id = query.id;
        if (legacy)
          write({
            query_id,
            query: query.text,
            positive_passages: passages(positives),
            negative_passages: passages(negatives),
          });
        else
          write({
            query_id,
            query_text: query.text,
            ...(source.hasImages && { query_image: query.image }),
            positive_document_ids: ids(positives),
            negative_document_ids: ids(negatives),
          });
      }),
    );
    if (legacy) return;
    await writeLines(target, 'corpus.jsonl', (write) =>
      source.contents('document', ({ id, text, image }) =>
        write({ docid: id, text, ...(source.hasImages && { image }) }),
      ),
    );
  },
};
