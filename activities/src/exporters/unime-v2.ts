import { QuarryError } from '../failures.ts';
import { equalCount } from './equal-count.ts';
import type { ExportOptions } from './export-options.ts';
import type { Exporter } from './exporter.ts';
import { mmebText } from './image-token.ts';
import { eachExample } from './source/each-example.ts';
import type { ExportSource } from './source/export-source.ts';
import { writeArray } from './target/text-files.ts';

/**
 * UniME-V2: `train.json`, one JSON array of rows with `hard_negatives` ([text, image] each) and their scores.
 *
 * Traps: the trainer reads negatives two at a time, so their count is even; it takes the count from the first row, so it is
 * the same in all; "no image" is `""`, since anything else is opened. Scores are the run's similarities, where the paper has
 * a judge's. Not in a package registry: proved against the documented schema and read beside its loader
 * (`UniME_v2_dataset`, commit 40c076c).
 */
export const unimeV2: Exporter = {
  name: 'unime-v2',
  description: 'UniME-V2: a JSON array of rows with scored hard_negatives, an even number of them',
  shapes: [],
  options: ['negatives', 'images'],
  proof: 'the documented schema (not in PyPI)',
  needs: () => ({ examples: 'texts', scores: true }),
  usage: ({ negatives }) => [
    `bash train.sh --hard_negaitve_data_path train.json --select_hard_negative_num ${negatives ?? 'N'} ...  # the option is spelled so`,
  ],
  async write(source, target, options) {
    const count = evenCount(source, options);
    await writeArray(target, 'train.json', (write) =>
      eachExample(source, target, count, ({ query, paired, negatives }) => {
        for (const positive of paired) {
          write({
            query_text: mmebText(query),
            query_image: query.image ?? '',
            pos_text: mmebText(positive),
            pos_image: positive.image ?? '',
            query_pos_scores: positive.score,
            hard_negatives: negatives.map((negative) => [mmebText(negative), negative.image ?? '']),
            hard_negatives_scores: negatives.map(({ score }) => score),
          });
        }
      }),
    );
  },
};

/** `--negatives` as it is; the run's N one less where it is odd. */
function evenCount(source: ExportSource, options: ExportOptions): number {
  const { negatives } = options;
  if (negatives !== undefined && negatives % 2 !== 0) throw odd(`--negatives ${negatives}`, negatives + 1);
  const count = equalCount(source, options);
  const even = count - (count % 2);
  if (even === 0) throw odd('mining.numNegatives 1', 2);
  return even;
}

function odd(given: string, next: number): QuarryError {
  return new QuarryError(
    'BadJob',
    `${given}: unime-v2 reads negatives two at a time; an even number is needed, for instance --negatives ${next}`,
  );
}
