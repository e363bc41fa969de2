import type { Exporter } from './exporter.ts';
import { eachExample } from './source/each-example.ts';
import { writeLines, writeText } from './target/text-files.ts';
import { tsvField } from './target/tsv-field.ts';

/**
 * BEIR: `corpus.jsonl`, `queries.jsonl`, `qrels/<split>.tsv` of the positives with their relevance; beside them the kept
 * negatives with their similarity in `negatives.tsv` (qid, docid, score; no header, in the order of mining), not as
 * judgements: nobody judged them.
 *
 * Traps: an id with a tab or a line break would shift columns, so it is an error; `title` is empty, because a document's
 * text begins with its title. Proved by beir 2.2.0's own `GenericDataLoader` (test/interop/trainers.test.ts).
 */
export const beir: Exporter = {
  name: 'beir',
  description: 'BEIR: corpus, queries and qrels, with the kept negatives as a ranking (TSV)',
  shapes: [],
  options: ['negatives', 'split'],
  proof: 'beir 2.2.0: its `GenericDataLoader`',
  needs: () => ({ examples: 'ids', scores: true, corpus: 'rows' }),
  usage: ({ split = 'train' }) => [
    'from beir.datasets.data_loader import GenericDataLoader',
    `corpus, queries, qrels = GenericDataLoader(".").load(split="${split}")`,
  ],
  async write(source, target, { negatives: count, split = 'train' }) {
    await writeLines(target, 'corpus.jsonl', (write) =>
      source.contents('document', ({ id, text }) => write({ _id: id, title: '', text })),
    );
    await writeLines(target, 'queries.jsonl', (write) =>
      source.contents('query', ({ id, text }) => write({ _id: id, text })),
    );
    await writeText(
      target,
      `qrels/${split}.tsv`,
      (write) =>
        source.judgements((query, document, relevance) =>
          write(`${tsvField(query.id)}\t${tsvField(document.id)}\t${relevance}`),
        ),
      'query-id\tcorpus-id\tscore',
    );
    await writeText(target, 'negatives.tsv', (write) =>
      eachExample(source, target, count, ({ query, negatives }) => {
        const id = tsvField(query.id);
        for (const negative of negatives) write(`${id}\t${tsvField(negative.id)}\t${negative.score}`);
      }),
    );
  },
};
