import type { Exporter } from './exporter.ts';
import { streamRows } from './stream-rows.ts';

/** A row of MMEB, of which the trainer uses these four keys. */
interface MmebRow {
  readonly qry: string;
  readonly qry_image_path: string;
  readonly pos_text: string;
  readonly pos_image_path: string;
}

/**
 * Gen2Embed (SaHa): `default_hard_negatives.json`, one JSON array; an element is the anchor pair of a cluster, its
 * `neg_samples` the other pairs of the cluster, in their order. Every run has the one group `default`.
 *
 * Traps: `neg_samples` hold whole rows, not texts; image paths are `""`, not missing; a cluster of its anchor alone stays,
 * because the trainer takes ragged groups. Proved against the
 * documented schema; not run through the trainer.
 */
export const gen2embed: Exporter = {
  name: 'gen2embed',
  description: 'Gen2Embed (SaHa): a JSON array of anchor rows with neg_samples, from clusters',
  shapes: [],
  needs: () => ({ tables: ['clusters'], plan: false }),
  async write(source, target) {
    await target.lines('default_hard_negatives.json', async (file) => {
      let rows = 0;
      let cluster: unknown;
      let members: MmebRow[] = [];
      const element = async (): Promise<void> => {
        const [anchor, ...others] = members;
        if (!anchor) return;
        await file.text(`${rows === 0 ? '' : ','}\n${JSON.stringify({ ...anchor, neg_samples: others })}`);
        rows++;
      };
      await file.text('[');
      for await (const row of streamRows(source, 'SELECT cluster, query, positive FROM clusters')) {
        if (row.cluster !== cluster) {
          await element();
          members = [];
          cluster = row.cluster;
        }
        members.push({
          qry: String(row.query),
          qry_image_path: '',
          pos_text: String(row.positive),
          pos_image_path: '',
        });
      }
      await element();
      await file.text('\n]\n');
      return rows;
    });
  },
};
