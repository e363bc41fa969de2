import type { Exporter } from './exporter.ts';
import { mmebText } from './image-token.ts';
import type { ClusterPair } from './source/example.ts';
import type { Json } from './target/json-file.ts';
import { writeArray } from './target/text-files.ts';

/** A row of MMEB, of which the trainer uses these four keys. */
const row = ({ query, positive }: ClusterPair): { neg_samples?: Json; [key: string]: Json } => ({
  qry: mmebText(query),
  qry_image_path: query.image ?? '',
  pos_text: mmebText(positive),
  pos_image_path: positive.image ?? '',
});

/**
 * Gen2Embed (SaHa): for every group (`default` where the run knows none) `<group>_hard_negatives.json`, one JSON array; an
 * element is the anchor pair of a cluster, its `neg_samples` the other pairs of the cluster, in their order.
 *
 * Traps: `neg_samples` hold whole rows, not texts; image paths are `""`, not missing; a cluster of its anchor alone stays,
 * because the trainer takes ragged groups. Not in a package registry: proved against the documented schema and read beside
 * its loader (`EffTrainTextImageDataset`, commit 3ea7803).
 */
export const gen2embed: Exporter = {
  name: 'gen2embed',
  description: 'Gen2Embed (SaHa): a JSON array of anchor rows with neg_samples, from clusters',
  shapes: [],
  options: ['images'],
  proof: 'the documented schema (not in PyPI)',
  needs: () => ({ clusters: true }),
  usage: () => [
    'python cli/train.py --dataset_name <this directory> --subset_name default --hard_negatives 1 ...',
  ],
  async write(source, target) {
    for (const group of source.groups) {
      await writeArray(target, `${group}_hard_negatives.json`, (write) =>
        source.clusters(([anchor, ...others]) => {
          const element = row(anchor!);
          element.neg_samples = others.map(row);
          write(element);
        }, group),
      );
    }
  },
};
