import { equalCount } from './equal-count.ts';
import type { Exporter } from './exporter.ts';
import { eachExample } from './source/each-example.ts';
import { copyContents } from './target/copy-contents.ts';
import { copyTable } from './target/copy-table.ts';
import { writeParquetRows } from './target/parquet-files.ts';

/**
 * PyLate. `contrastive`: the run's own triplets; `kd`: three configurations for distillation, `documents`, `queries` and
 * `train` (query_id, document_ids, scores: the positive first), one row per query and positive.
 *
 * Traps: `KDProcessing` takes the first `n_ways` documents of a row, so the positive stands first; the loss stacks the scores
 * of a batch, so every row has as many (`--negatives`, else the run's N); ids are strings on both sides, or nothing is found.
 * Scores are the run's similarities, where a teacher's are usual. Proved by PyLate 1.6.0's own `KDProcessing` and a training
 * step of both losses (test/interop/trainers.test.ts).
 */
export const pylate: Exporter = {
  name: 'pylate',
  description: 'PyLate: Parquet triplets (contrastive), or documents, queries and scored ids (kd)',
  shapes: ['contrastive', 'kd'],
  options: ['negatives'],
  proof: 'PyLate 1.6.0: a training step of both losses, its `KDProcessing`',
  needs: ({ shape }) =>
    shape === 'kd'
      ? { examples: 'ids', scores: true, corpus: 'tables', parquet: true }
      : { tables: ['triplet'] },
  configs: ({ shape }, { tag }) =>
    shape === 'kd'
      ? ['train', 'queries', 'documents'].map((name) => ({
          name,
          split: 'train',
          path: `${name}/*-${tag}.parquet`,
        }))
      : [],
  usage: ({ shape }) =>
    shape === 'kd'
      ? [
          'from datasets import load_dataset',
          'from pylate import utils',
          'train, queries, documents = (load_dataset(".", name, split="train") for name in ("train", "queries", "documents"))',
          'train.set_transform(utils.KDProcessing(queries=queries, documents=documents).transform)',
        ]
      : [
          'from datasets import load_dataset',
          'train = load_dataset(".", split="train")  # losses.Contrastive',
        ],
  async write(source, target, options) {
    if (options.shape === 'contrastive') return copyTable(source, target, 'triplet');
    const split = 'train';
    const { tag } = target;
    const columns = { query_id: 'VARCHAR', document_ids: 'VARCHAR[]', scores: 'DOUBLE[]' } as const;
    await writeParquetRows(source, target, { directory: 'train', split, tag, columns }, (write) =>
      eachExample(source, target, equalCount(source, options), ({ query, paired, negatives }) => {
        for (const positive of paired) {
          const documents = [positive, ...negatives];
          const ids = documents.map(({ id }) => id);
          const scores = documents.map(({ score }) => score);
          write([query.id, ids, scores], documents.length + 1);
        }
      }),
    );
    for (const side of ['query', 'document'] as const) {
      const directory = side === 'query' ? 'queries' : 'documents';
      await copyContents(source, target, side, { directory, split, tag }, `${side}_id`);
    }
  },
};
