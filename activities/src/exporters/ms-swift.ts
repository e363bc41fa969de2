import type { Exporter } from './exporter.ts';
import { leaveOutQueries } from './leave-out-queries.ts';
import { trainingTexts } from './training-texts.ts';

type Message = readonly { readonly role: 'user'; readonly content: string }[];

const message = (content: string): Message => [{ role: 'user', content }];

/**
 * ms-swift: `train.jsonl` of chat messages for InfoNCE.
 *
 * Traps: exactly one positive per row, so a query with several positives has a row for each; no `*_images` keys, because
 * texts hold no `<image>` tags. Rows with unequal counts of negatives are allowed and slower; set
 * `INFONCE_HARD_NEGATIVES` to cut them to one count. Proved against the
 * documented schema, and by loading with `datasets`; not run through the trainer.
 */
export const msSwift: Exporter = {
  name: 'ms-swift',
  description: 'ms-swift: JSONL of messages, positive_messages, negative_messages',
  shapes: [],
  needs: () => ({ tables: ['triplet'], plan: false }),
  async write(source, target) {
    await target.lines('train.jsonl', async (file) => {
      let rows = 0;
      for await (const { query, positives, negatives } of trainingTexts(source)) {
        for (const positive of positives) {
          await file.json({
            messages: message(query),
            positive_messages: [message(positive)],
            negative_messages: negatives.map(message),
          });
          rows++;
        }
      }
      return rows;
    });
    await leaveOutQueries(source, target);
  },
};
