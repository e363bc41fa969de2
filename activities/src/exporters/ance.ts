import type { Exporter } from './exporter.ts';
import { eachExample } from './source/each-example.ts';
import { writeText } from './target/text-files.ts';
import { tsvField } from './target/tsv-field.ts';

/**
 * ANCE: `ann_training_data_0` (query, positive, negatives separated by commas), one line per query and positive.
 *
 * Traps: an id with a tab or a comma would shift columns, so it is an error; the trainer reads ids as whole numbers, places
 * in its own preprocessed collection, so the input's ids should be these. Not in a package registry: proved against the
 * documented schema.
 */
export const ance: Exporter = {
  name: 'ance',
  description: 'ANCE: lines of query, positive and comma-separated negatives, as ids',
  shapes: [],
  options: ['negatives'],
  proof: 'the documented schema (not in PyPI)',
  needs: () => ({ examples: 'ids' }),
  usage: () => ['python drivers/run_ann.py --ann_dir <this directory> ...'],
  async write(source, target, { negatives: count }) {
    await writeText(target, 'ann_training_data_0', (write) =>
      eachExample(source, target, count, ({ query, paired, negatives }) => {
        const id = tsvField(query.id);
        const rest = negatives.map((negative) => tsvField(negative.id, ',')).join(',');
        for (const positive of paired) write(`${id}\t${tsvField(positive.id)}\t${rest}`);
      }),
    );
  },
};
