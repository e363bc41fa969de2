import type { Exporter } from './exporter.ts';
import { eachExample } from './source/each-example.ts';
import type { Text } from './source/text.ts';
import type { Json } from './target/json-file.ts';
import { writeLines } from './target/text-files.ts';

const message = (content: Text): Json => [{ role: 'user', content }];

/**
 * ms-swift: `train.jsonl` of chat messages for InfoNCE.
 *
 * Traps: exactly one positive per row, so a query with several positives has a row for each. Rows with unequal counts of
 * negatives are allowed and slower: `--negatives` makes them equal. Proved by ms-swift 4.6.0's own loader and by encoding
 * every row with its embedding template (test/interop/trainers.test.ts).
 */
export const msSwift: Exporter = {
  name: 'ms-swift',
  description: 'ms-swift: JSONL of messages, positive_messages, negative_messages',
  shapes: [],
  options: ['negatives'],
  proof: 'its own loader',
  needs: () => ({ examples: 'texts' }),
  usage: () => [
    'swift sft --task_type embedding --loss_type infonce --dataset train.jsonl ...',
    '# INFONCE_HARD_NEGATIVES=N cuts the negatives of a row',
  ],
  async write(source, target, { negatives: count }) {
    await writeLines(target, 'train.jsonl', (write) =>
      eachExample(source, target, count, ({ query, paired, negatives }) => {
        const negative_messages = negatives.map(({ text }) => message(text));
        for (const positive of paired) {
          write({
            messages: message(query.text),
            positive_messages: [message(positive.text)],
            negative_messages,
          });
        }
      }),
    );
  },
};
