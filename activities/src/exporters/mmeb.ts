import { equalCount } from './equal-count.ts';
import type { ExportOptions } from './export-options.ts';
import type { Exporter } from './exporter.ts';
import { eachExample } from './source/each-example.ts';
import type { ClusterPair, Content } from './source/example.ts';
import type { ExportSource } from './source/export-source.ts';
import { decoded } from './source/text.ts';
import type { ExportTarget } from './target/export-target.ts';
import type { Json } from './target/json-file.ts';
import { writeParquetRows } from './target/parquet-files.ts';
import { WholeChunks } from './target/whole-chunks.ts';

/** Every run has the one group. */
const GROUP = 'default';
/** Rows of a chunk that B3's sampler takes together. */
const CHUNK = 32;

const TEXT_COLUMNS = {
  qry: 'VARCHAR',
  qry_image_path: 'VARCHAR',
  pos_text: 'VARCHAR',
  pos_image_path: 'VARCHAR',
};
const NEGATIVE_TYPES: Readonly<Record<string, string>> = { v1: 'VARCHAR', mme5: 'VARCHAR', b3: 'VARCHAR[]' };

type Row = { readonly [column: string]: Json };
type Write = (row: Row, strings: number) => void;

/**
 * MMEB's rows as Parquet, one configuration (`default`), split `original` unless `--split` says otherwise.
 * `v1` (VLM2Vec): a row per negative, a string; `b3` (VLM2Vec's `mmeb_neg`): a row per pair with a list of negatives;
 * `b3-clusters`: the pairs of the run's clusters without negatives, cluster after cluster, for B3's sampler; `mme5`: lists
 * of negatives written as a Python literal.
 *
 * Traps: `""`, not null, where there is no image; B3's lists have one length (`--negatives`, else the run's N), and its
 * number of rows is a multiple of the chunk (`--chunk`, 32): what is left over at the end is left out and counted; `mmeb_neg`
 * drops what does not fill its last batch of 2,048 rows; mmE5 evaluates the list, and a JSON array of strings is one.
 * None of the loaders is in a package registry: proved against the documented schema, loaded with `datasets` as they do, and
 * read beside them (VLM2Vec commits 217811f and 28f532c, mmE5 98b81c7).
 */
export const mmeb: Exporter = {
  name: 'mmeb',
  description: 'VLM2Vec, B3 and mmE5: MMEB rows as Parquet',
  shapes: ['v1', 'b3', 'b3-clusters', 'mme5'],
  options: ['negatives', 'split', 'chunk'],
  proof: 'the documented schema, loaded with `datasets` (not in PyPI)',
  needs: ({ shape }) => (shape === 'b3-clusters' ? { clusters: true } : { examples: 'texts' }),
  configs: ({ split = 'original' }, tag) => [{ name: GROUP, split, path: `${GROUP}/*-${tag}.parquet` }],
  usage: ({ split = 'original' }) => [
    'from datasets import load_dataset',
    `train = load_dataset(".", "${GROUP}", split="${split}")`,
  ],
  async write(source, target, options) {
    const { shape, split = 'original' } = options;
    const type = NEGATIVE_TYPES[shape];
    const columns = { ...TEXT_COLUMNS, ...(type && { neg_text: type, neg_image_path: type }) };
    const files = { directory: GROUP, split, tag: target.tag, columns };
    await writeParquetRows(source, target, files, async (write) => {
      if (shape === 'b3-clusters') await writeClusters(source, target, options, write);
      else if (shape === 'b3') await writeLists(source, target, options, write);
      else await writeScalars(source, target, options, write);
    });
  },
};

function pairRow({ query, positive }: ClusterPair): Row {
  return { qry: query.text, qry_image_path: '', pos_text: positive.text, pos_image_path: '' };
}

async function writeScalars(
  source: ExportSource,
  target: ExportTarget,
  { shape, negatives: count }: ExportOptions,
  write: Write,
): Promise<void> {
  await eachExample(source, target, count, ({ query, paired, negatives }) => {
    const literal = shape === 'mme5' ? literals(negatives) : null;
    for (const positive of paired) {
      const row = pairRow({ query, positive });
      if (literal) write({ ...row, ...literal }, 4);
      else for (const { text } of negatives) write({ ...row, neg_text: text, neg_image_path: '' }, 3);
    }
  });
}

function literals(negatives: readonly Content[]): Row {
  const list = (values: readonly string[]): string => JSON.stringify(values);
  return {
    neg_text: list(negatives.map(({ text }) => decoded(text))),
    neg_image_path: list(negatives.map(() => '')),
  };
}

async function writeLists(
  source: ExportSource,
  target: ExportTarget,
  options: ExportOptions,
  write: Write,
): Promise<void> {
  const count = equalCount(source, options);
  const chunks = new WholeChunks<Row>(options.chunk ?? CHUNK, (row) => write(row, count + 2));
  await eachExample(source, target, count, ({ query, paired, negatives }) => {
    const neg_text = negatives.map(({ text }) => text);
    const neg_image_path = negatives.map(() => '');
    for (const positive of paired) chunks.add({ ...pairRow({ query, positive }), neg_text, neg_image_path });
  });
  chunks.tell(target);
}

async function writeClusters(
  source: ExportSource,
  target: ExportTarget,
  { chunk = CHUNK }: ExportOptions,
  write: Write,
): Promise<void> {
  const chunks = new WholeChunks<Row>(chunk, (row) => write(row, 2));
  await source.clusters((pairs) => {
    for (const pair of pairs) chunks.add(pairRow(pair));
  });
  chunks.tell(target);
}
