import type { Exporter } from './exporter.ts';
import { withToken } from './image-token.ts';
import { eachExample } from './source/each-example.ts';
import type { Content } from './source/example.ts';
import type { Json } from './target/json-file.ts';
import { writeLines } from './target/text-files.ts';

const message = (content: Content): Json => [{ role: 'user', content: withToken(content, '<image>') }];

const images = ({ image }: Content): Json => (image === null ? [] : [image]);

/**
 * ms-swift: `train.jsonl` of chat messages for InfoNCE.
 *
 * Traps: exactly one positive per row, so a query with several positives has a row for each; images are
 * lists of lists, one list for every group of messages, as long as it has `<image>` tags. Rows with unequal counts of
 * negatives are allowed and slower: `--negatives` makes them equal. Proved by ms-swift 4.6.0's own loader and
 * template inputs (test/interop/trainers.test.ts).
 */
export const msSwift: Exporter = {
  name: 'ms-swift',
  description: 'ms-swift: JSONL of messages, positive_messages, negative_messages',
  shapes: [],
  options: ['negatives', 'images'],
  proof: 'ms-swift 4.6.0: its loader and `TemplateInputs`',
  needs: () => ({ examples: 'texts' }),
  usage: () => [
    'swift sft --task_type embedding --loss_type infonce --dataset train.jsonl ...',
    '# INFONCE_HARD_NEGATIVES=N cuts the negatives of a row; ROOT_IMAGE_DIR=<directory> is where the paths of images begin',
  ],
  async write(source, target, { negatives: count }) {
    await writeLines(target, 'train.jsonl', (write) =>
      eachExample(source, target, count, ({ query, paired, negatives }) => {
        const negative_messages = negatives.map(message);
        for (const positive of paired) {
          write({
            messages: message(query),
            positive_messages: [message(positive)],
            negative_messages,
            ...(source.hasImages && {
              images: images(query),
              positive_images: [images(positive)],
              negative_images: negatives.map(images),
            }),
          });
        }
      }),
    );
  },
};
