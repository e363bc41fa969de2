import type { Exporter } from './exporter.ts';
import { eachExample } from './source/each-example.ts';
import { copyContents } from './target/copy-contents.ts';
import { writeArray, writeDocument, writeLines } from './target/text-files.ts';

/**
 * NeMo Automodel. `corpus`: `train.json`, whose rows name documents by id with their scores, and the directory `corpus`
 * (Parquet of id and text, `merlin_metadata.json`). `inline`: `train.jsonl` with texts.
 *
 * Traps: the corpus id of the rows and of the metadata must be equal (here the run id); the trainer takes a row's first
 * positive, so a query with several has a row for each; the corpus is named relative to `train.json`, so the directory may
 * be moved; negatives are repeated where a row has fewer than `n_passages - 1`, and none is an error, so such queries are
 * left out. Proved by nemo-automodel 0.7.0's own `make_retrieval_dataset` (test/interop/trainers.test.ts).
 */
export const automodel: Exporter = {
  name: 'automodel',
  description:
    'NeMo Automodel: JSON of questions with document ids and scores and a Parquet corpus, or inline JSONL',
  shapes: ['corpus', 'inline'],
  options: ['negatives'],
  proof: 'nemo-automodel 0.7.0: its `make_retrieval_dataset`',
  needs: ({ shape }) =>
    shape === 'corpus'
      ? { examples: 'texts and ids', scores: true, corpus: 'tables' }
      : { examples: 'texts' },
  usage: ({ shape }) => [
    'from nemo_automodel.components.datasets.llm.retrieval_dataset import make_retrieval_dataset',
    `train = make_retrieval_dataset(data_dir_list=["train.${shape === 'corpus' ? 'json' : 'jsonl'}"], n_passages=5)`,
  ],
  async write(source, target, { shape, negatives: count }) {
    if (shape === 'inline') {
      await writeLines(target, 'train.jsonl', (write) =>
        eachExample(source, target, count, ({ query, paired, negatives }) => {
          const neg_doc = negatives.map(({ text }) => text);
          for (const positive of paired) write({ query: query.text, pos_doc: positive.text, neg_doc });
        }),
      );
      return;
    }
    const corpus_id = source.runId;
    const before = `{"corpus":[{"path":"corpus"}],"mining":{"args":${JSON.stringify({ run: corpus_id })}},"data":`;
    await writeArray(
      target,
      'train.json',
      (write) =>
        eachExample(source, target, count, ({ query, paired, negatives }) => {
          const neg_doc = negatives.map(({ id, score }) => ({ id, score }));
          for (const { id, score } of paired) {
            const pos_doc = [{ id, score }];
            write({ question_id: query.id, question: query.text, corpus_id, pos_doc, neg_doc });
          }
        }),
      { before, after: '}' },
    );
    await copyContents(source, target, 'document', { directory: 'corpus', split: 'train' }, 'id');
    await writeDocument(target, 'corpus/merlin_metadata.json', { class: 'TextQADataset', corpus_id });
  },
};
