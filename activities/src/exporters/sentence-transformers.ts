import { equalCount } from './equal-count.ts';
import type { ExportOptions } from './export-options.ts';
import type { Exporter } from './exporter.ts';
import { writeLabeledList, writeLabeledPairs } from './labeled-rows.ts';
import { copyTable } from './target/copy-table.ts';
import { writeTriplets, writeTuples } from './tuple-rows.ts';

/** The run's own files have the shape: nothing is cut and nothing is added. */
function isOwnTable({ shape, negatives, scores }: ExportOptions): boolean {
  return scores === undefined && negatives === undefined && (shape === 'triplet' || shape === 'n-tuple');
}

const LOSSES: Readonly<Record<string, string>> = {
  triplet: 'MultipleNegativesRankingLoss',
  'n-tuple': 'MultipleNegativesRankingLoss',
  'labeled-pair': 'ContrastiveLoss',
  'labeled-list': 'LambdaLoss (a CrossEncoder)',
};

/**
 * sentence-transformers: Parquet, `train-00000-of-0000N.parquet`. `triplet` and `n-tuple` are the run's own files;
 * `labeled-pair` (anchor, positive, label) holds every positive (1) and kept negative (0) of a query, positives first;
 * `labeled-list` (anchor, positive, labels) a list for each positive, that one first. `--scores`: similarities instead of labels (`scores`, [positive, negatives ...],
 * or `score`); `--scores margin`: `label`, the positive's minus each negative's, for MarginMSE.
 *
 * Traps: every column that is not `label`, `labels`, `score` or `scores` is an input, so no id is among them, and never two
 * label columns; a list of one margin is a number. Proved with sentence-transformers 6.0.1: a training step of the loss of every
 * shape (test/interop/trainers.test.ts), and the rows of every shape are those of its `mine_hard_negatives` on random cases
 * (test/interop/mine-hard-negatives.test.ts), except that a query without negatives has no labeled pairs.
 */
export const sentenceTransformers: Exporter = {
  name: 'sentence-transformers',
  description: 'sentence-transformers: Parquet of texts',
  shapes: ['triplet', 'n-tuple', 'labeled-pair', 'labeled-list'],
  options: ['negatives', 'scores', 'margin'],
  imageTables: true,
  proof:
    'sentence-transformers 6.0.1: a training step of a loss for each shape, rows as `mine_hard_negatives` makes them',
  needs(options) {
    if (isOwnTable(options)) return { tables: [options.shape === 'n-tuple' ? 'n-tuple' : 'triplet'] };
    return { examples: 'texts', scores: options.scores !== undefined, parquet: true };
  },
  usage: ({ shape, scores }) => [
    'from datasets import load_dataset',
    'train = load_dataset(".", split="train")',
    `# SentenceTransformerTrainer(model=model, train_dataset=train, loss=${scores === undefined ? LOSSES[shape] : 'MarginMSELoss'}(model))`,
  ],
  async write(source, target, options) {
    const { shape } = options;
    if (isOwnTable(options)) await copyTable(source, target, shape === 'n-tuple' ? 'n-tuple' : 'triplet');
    else if (shape === 'triplet') await writeTriplets(source, target, options);
    else if (shape === 'n-tuple') await writeTuples(source, target, options, equalCount(source, options));
    else if (shape === 'labeled-pair') await writeLabeledPairs(source, target, options);
    else await writeLabeledList(source, target, options);
  },
};
