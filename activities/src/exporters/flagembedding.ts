import type { Exporter } from './exporter.ts';
import { leaveOutQueries } from './leave-out-queries.ts';
import { trainingTexts } from './training-texts.ts';

/**
 * FlagEmbedding: `train.jsonl` of `{query, pos: [text], neg: [text]}`, one row per query.
 *
 * Traps: it reads `.json` and `.jsonl` only and passes Parquet over in silence; `pos` and `neg` must be lists; an empty
 * `neg` divides by zero, so queries without a negative are left out. Proved against the
 * documented schema, and by loading with `datasets`; not run through the trainer.
 */
export const flagembedding: Exporter = {
  name: 'flagembedding',
  description: 'FlagEmbedding (BGE): JSONL of query, pos, neg',
  shapes: [],
  needs: () => ({ tables: ['triplet'], plan: false }),
  async write(source, target) {
    let empty = 0;
    await target.lines('train.jsonl', async (file) => {
      let rows = 0;
      for await (const { query, positives, negatives } of trainingTexts(source)) {
        if (negatives.length === 0) {
          empty++;
          continue;
        }
        await file.json({ query, pos: positives, neg: negatives });
        rows++;
      }
      return rows;
    });
    target.leaveOut(empty, 'queries whose negatives are all positives of a query with equal text');
    await leaveOutQueries(source, target);
  },
};
