import type { Exporter } from './exporter.ts';
import { eachExample } from './source/each-example.ts';
import { writeLines } from './target/text-files.ts';

/**
 * FlagEmbedding: `train.jsonl` of `{query, pos: [text], neg: [text]}`, one row per query; with `--scores` (for
 * `knowledge_distillation`) `pos_scores` and `neg_scores`, with `--prompt` the query's instruction.
 *
 * Traps: it reads `.json` and `.jsonl` only and passes Parquet over in silence; all files of a directory must have the
 * same keys; `pos` and `neg` must be lists; an empty `neg` divides by zero, so queries without a negative are left out.
 * Proved by FlagEmbedding 1.4.2's own data set and collator (test/interop/trainers.test.ts).
 */
export const flagembedding: Exporter = {
  name: 'flagembedding',
  description: 'FlagEmbedding (BGE): JSONL of query, pos, neg',
  shapes: [],
  options: ['negatives', 'scores', 'prompt'],
  proof: 'FlagEmbedding 1.4.2: its data set class, collator and loss, with scores and without',
  needs: ({ scores }) => ({ examples: 'texts', scores: scores !== undefined }),
  usage: ({ scores }) => [
    `torchrun -m FlagEmbedding.finetune.embedder.encoder_only.base --train_data train.jsonl${scores ? ' --knowledge_distillation True' : ''} ...`,
  ],
  async write(source, target, { negatives: count, scores, prompt }) {
    const instruction = prompt === undefined ? {} : { prompt };
    await writeLines(target, 'train.jsonl', (write) =>
      eachExample(source, target, count, ({ query, positives, negatives }) => {
        write({
          query: query.text,
          pos: positives.map(({ text }) => text),
          neg: negatives.map(({ text }) => text),
          ...(scores && {
            pos_scores: positives.map(({ score }) => score),
            neg_scores: negatives.map(({ score }) => score),
          }),
          ...instruction,
        });
      }),
    );
  },
};
