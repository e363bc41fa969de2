import { equalCount } from './equal-count.ts';
import type { Exporter } from './exporter.ts';
import { eachExample } from './source/each-example.ts';
import { ContrastorsShards } from './target/contrastors-shards.ts';

/** What a line says of itself: the one objective, with the columns it takes. */
const METADATA = { objective: { self: [], paired: [], triplet: [['query', 'document', 'negatives']] } };

/**
 * contrastors: `shard-00000.jsonl.gz` of at most 100,000 lines, `counts.json` and `offsets.json.gz` (where a line begins and
 * ends in the unpacked shard), for random access; with `--scores` the keys that its distillation reads.
 *
 * Traps: a batch is stacked, so every row has as many negatives (`--negatives`, else the run's N); offsets are bytes, not
 * characters; both index files name a shard by the last three or four parts of its address, so they hold for the place that
 * the directory has when it is read: `--at` says where, if not here. Not in a package registry: proved against the
 * documented schema and read beside its loader (`StreamingShardDataset`, commit 1771db5).
 */
export const contrastors: Exporter = {
  name: 'contrastors',
  description: 'contrastors (nomic): gzipped JSONL shards with counts and offsets',
  shapes: [],
  options: ['negatives', 'scores', 'at'],
  proof: 'the documented schema (not in PyPI)',
  needs: ({ scores }) => ({ examples: 'texts', scores: scores !== undefined }),
  usage: ({ at = '<this directory>', scores }) => [
    'datasets:',
    '  - name: quarry',
    `    bucket: ${at}/shard-{00000..0000N}.jsonl.gz`,
    `    objective: {type: triplet, columns: [query, document, negatives]}${scores ? '\n    kd_loss: true' : ''}`,
  ],
  async write(source, target, options) {
    const shards = new ContrastorsShards(source.scratch, target, options.at ?? addressOf(target.uri));
    await target.during(shards, async () => {
      await eachExample(source, target, equalCount(source, options), ({ query, paired, negatives }) => {
        for (const positive of paired) {
          shards.write({
            query: query.text,
            document: positive.text,
            negatives: negatives.map(({ text }) => text),
            ...(options.scores && {
              document_score: positive.score,
              negatives_scores: negatives.map(({ score }) => score),
            }),
            metadata: METADATA,
          });
        }
      });
    });
    await shards.pack(source.signal);
  },
};

function addressOf(uri: string): string {
  return uri.startsWith('file:') ? decodeURIComponent(new URL(uri).pathname) : uri;
}
