import type { Exporter } from './exporter.ts';
import { eachExample } from './source/each-example.ts';
import { writeLines, writeText } from './target/text-files.ts';
import { tsvField } from './target/tsv-field.ts';

/** The one retriever that `hard-negatives.jsonl` names. */
const RETRIEVER = 'quarry';

/**
 * GPL: `corpus.jsonl`, `qgen-queries.jsonl`, `qgen-qrels/train.tsv`, `hard-negatives.jsonl` (ids by retriever) and
 * `gpl-training-data.tsv` (query, positive, negative, margin).
 *
 * Traps: lines have no heading; an id with a tab would shift columns, so it is an error; the margin is the positive's
 * similarity minus the negative's, where GPL's own is a cross-encoder's: remove `gpl-training-data.tsv` and GPL makes its
 * own from the negatives. Proved by gpl 0.1.4's own data sets (test/interop/trainers.test.ts).
 */
export const gpl: Exporter = {
  name: 'gpl',
  description: 'GPL: hard negatives by retriever (JSONL) and training tuples with margins (TSV)',
  shapes: [],
  options: ['negatives'],
  proof: 'gpl 0.1.4: its data set classes',
  needs: () => ({ examples: 'ids', scores: true, corpus: 'rows' }),
  usage: () => ['python -m gpl.train --path_to_generated_data <this directory> --qgen_prefix qgen ...'],
  async write(source, target, { negatives: count }) {
    await writeLines(target, 'corpus.jsonl', (write) =>
      source.contents('document', ({ id, text }) => write({ _id: id, title: '', text })),
    );
    await writeLines(target, 'qgen-queries.jsonl', (write) =>
      source.contents('query', ({ id, text }) => write({ _id: id, text })),
    );
    await writeText(
      target,
      'qgen-qrels/train.tsv',
      (write) =>
        source.judgements((query, document, relevance) =>
          write(`${tsvField(query.id)}\t${tsvField(document.id)}\t${relevance}`),
        ),
      'query-id\tcorpus-id\tscore',
    );
    await writeLines(target, 'hard-negatives.jsonl', (write) =>
      eachExample(source, target, count, ({ query, positives, negatives }) => {
        const pos = positives.map(({ id }) => id);
        write({ qid: query.id, pos, neg: { [RETRIEVER]: negatives.map(({ id }) => id) } });
      }),
    );
    await writeText(target, 'gpl-training-data.tsv', async (write) => {
      await source.examples(({ query, paired, negatives }) => {
        if (count !== undefined && negatives.length < count) return;
        const id = tsvField(query.id);
        for (const positive of paired) {
          const start = `${id}\t${tsvField(positive.id)}`;
          for (const negative of negatives.slice(0, count))
            write(`${start}\t${tsvField(negative.id)}\t${positive.score - negative.score}`);
        }
      });
    });
  },
};
