import { equalCount } from './equal-count.ts';
import type { ExportOptions } from './export-options.ts';
import type { Exporter } from './exporter.ts';
import { mmebText } from './image-token.ts';
import { eachExample } from './source/each-example.ts';
import type { ClusterPair, Content, Example } from './source/example.ts';
import type { ExportSource } from './source/export-source.ts';
import { decoded } from './source/text.ts';
import type { ExportTarget } from './target/export-target.ts';
import type { Json } from './target/json-file.ts';
import { writeParquetRows } from './target/parquet-files.ts';
import { WholeChunks } from './target/whole-chunks.ts';

/** Rows of a chunk that B3's sampler takes together. */
const CHUNK = 32;

const TEXT_COLUMNS = {
  qry: 'VARCHAR',
  qry_image_path: 'VARCHAR',
  pos_text: 'VARCHAR',
  pos_image_path: 'VARCHAR',
} as const;
const NEGATIVE_TYPES: Readonly<Record<string, 'VARCHAR' | 'VARCHAR[]'>> = {
  v1: 'VARCHAR',
  mme5: 'VARCHAR',
  b3: 'VARCHAR[]',
};

type Row = readonly Json[];

/** The rows of one group on their way. */
interface GroupRows {
  readonly source: ExportSource;
  readonly target: ExportTarget;
  readonly options: ExportOptions;
  readonly group: string;
  readonly write: (row: Row, strings: number) => void;
}

/**
 * MMEB's rows as Parquet, a configuration per group (`default` where the run knows none), split `original` unless `--split`
 * says otherwise.
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
  options: ['negatives', 'split', 'chunk', 'images'],
  proof: 'the documented schema, loaded with `datasets` 5.2.0 (the trainers are not in PyPI)',
  needs: ({ shape }) => ({
    ...(shape === 'b3-clusters' ? { clusters: true } : { examples: 'texts' }),
    parquet: true,
  }),
  configs: ({ split = 'original' }, { tag, groups }) =>
    groups.map((name) => ({ name, split, path: `${name}/*-${tag}.parquet` })),
  usage: ({ split = 'original' }) => [
    'from datasets import load_dataset',
    `train = load_dataset(".", "default", split="${split}")  # a configuration per group`,
  ],
  async write(source, target, options) {
    const { shape, split = 'original' } = options;
    const type = NEGATIVE_TYPES[shape];
    const columns = { ...TEXT_COLUMNS, ...(type && { neg_text: type, neg_image_path: type }) };
    for (const group of source.groups) {
      const files = { directory: group, split, tag: target.tag, columns };
      await writeParquetRows(source, target, files, async (write) => {
        const rows = { source, target, options, group, write };
        if (shape === 'b3-clusters') await writeClusters(rows);
        else if (shape === 'b3') await writeLists(rows);
        else await writeScalars(rows);
      });
    }
  },
};

/** In the order of {@link TEXT_COLUMNS}. */
function pairRow({ query, positive }: ClusterPair): Row {
  return [mmebText(query), query.image ?? '', mmebText(positive), positive.image ?? ''];
}

async function writeScalars({ source, target, options, group, write }: GroupRows): Promise<void> {
  const visit = ({ query, paired, negatives }: Example): void => {
    const literal = options.shape === 'mme5' ? literals(negatives) : null;
    for (const positive of paired) {
      const row = pairRow({ query, positive });
      if (literal) write([...row, ...literal], 4);
      else for (const negative of negatives) write([...row, mmebText(negative), negative.image ?? ''], 3);
    }
  };
  await eachExample(source, target, options.negatives, visit, group);
}

function literals(negatives: readonly Content[]): Row {
  const list = (values: readonly string[]): string => JSON.stringify(values);
  return [
    list(negatives.map((negative) => decoded(mmebText(negative)))),
    list(negatives.map(({ image }) => decoded(image ?? ''))),
  ];
}

async function writeLists({ source, target, options, group, write }: GroupRows): Promise<void> {
  const count = equalCount(source, options);
  const chunks = new WholeChunks<Row>(options.chunk ?? CHUNK, (row) => write(row, count + 2));
  const visit = ({ query, paired, negatives }: Example): void => {
    const texts = negatives.map(mmebText);
    const images = negatives.map(({ image }) => image ?? '');
    for (const positive of paired) chunks.add([...pairRow({ query, positive }), texts, images]);
  };
  await eachExample(source, target, count, visit, group);
  chunks.tell(target);
}

async function writeClusters({ source, target, options, group, write }: GroupRows): Promise<void> {
  const chunks = new WholeChunks<Row>(options.chunk ?? CHUNK, (row) => write(row, 2));
  await source.clusters((pairs) => {
    for (const pair of pairs) chunks.add(pairRow(pair));
  }, group);
  chunks.tell(target);
}
