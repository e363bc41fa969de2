import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDuckDb, sqlText } from '@quarry/activities/tables/duckdb';
import { describe, expect, test } from 'vitest';
import { fixtureImage } from '../images/golden.ts';
import { blue, green, picture, red } from './pictures.ts';
import { jsonl, planFiles, temporaryDirectory } from './planned-input.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const IMAGE_TO_TEXT = {
  format: 'pairs',
  path: 'pairs.jsonl',
  columns: { queryImage: 'image', positive: 'captions' },
} as const;

describe('pairs with images', () => {
  test('an image is a query, its captions are its positives', async () => {
    const found = await planFiles(
      {
        'pairs.jsonl': jsonl(
          { image: 'images/red.png', captions: ['red', 'a red one'] },
          { image: 'images/my green.png', captions: ['green'] },
        ),
        'images/red.png': red!,
        'images/my green.png': green!,
      },
      IMAGE_TO_TEXT,
    );
    expect(found.queries.map(({ id, text, image }) => ({ id, text, image }))).toEqual([
      { id: '0', text: '', image: { path: 'images/red.png', sha256: sha256(red!), bytes: false } },
      { id: '1', text: '', image: { path: 'images/my green.png', sha256: sha256(green!), bytes: false } },
    ]);
    expect(found.plan.modality).toEqual({ query: 'image', document: 'text' });
    expect(found.pairs).toEqual([
      ['0', '0#0'],
      ['0', '0#1'],
      ['1', '1#0'],
    ]);
  });

  test('the other way round, a list of captions is as many queries', async () => {
    const found = await planFiles(
      {
        'pairs.jsonl': jsonl({ image: 'red.png', captions: ['red', 'a red one'] }),
        'pictures/red.png': red!,
      },
      {
        format: 'pairs',
        path: 'pairs.jsonl',
        columns: { query: 'captions', positiveImage: 'image' },
        imageRoot: 'pictures',
      },
    );
    expect(found.queries.map(({ id, text }) => [id, text])).toEqual([
      ['0#0', 'red'],
      ['0#1', 'a red one'],
    ]);
    expect(found.documents).toHaveLength(1);
    expect(found.plan.modality).toEqual({ query: 'text', document: 'image' });
    expect(found.pairs).toEqual([
      ['0#0', '0'],
      ['0#1', '0'],
    ]);
  });

  test('equal bytes under two names are one image; with another text they are another query', async () => {
    const found = await planFiles(
      {
        'pairs.jsonl': jsonl(
          { query: 'what colour?', image: 'a.png', positive: 'red' },
          { query: 'what colour?', image: 'b.png', positive: 'crimson' },
          { query: 'what shape?', image: 'b.png', positive: 'square' },
          { query: 'what colour?', positive: 'any' },
        ),
        'a.png': red!,
        'b.png': red!,
      },
      { format: 'pairs', path: 'pairs.jsonl', columns: { queryImage: 'image' } },
    );
    expect(found.queries.map(({ id, text, image }) => [id, text, image?.path ?? null])).toEqual([
      ['0', 'what colour?', 'a.png'],
      ['2', 'what shape?', 'b.png'],
      ['3', 'what colour?', null],
    ]);
    expect(found.plan.modality).toEqual({ query: 'mixed', document: 'text' });
    expect(found.pairs).toHaveLength(4);
  });

  test('a document that is the query itself is known by its image', async () => {
    const found = await planFiles(
      {
        'pairs.jsonl': jsonl({ image: 'a.png', similar: 'b.png' }, { image: 'b.png', similar: 'a.png' }),
        'a.png': red!,
        'b.png': blue!,
      },
      { format: 'pairs', path: 'pairs.jsonl', columns: { queryImage: 'image', positiveImage: 'similar' } },
    );
    const self = found.array('query-self.npy').filter((document) => document >= 0);
    expect(self.map((document) => found.documents[document]!.image!.path)).toEqual(['a.png', 'b.png']);
  });

  test('images may come as bytes in a Parquet column, with or without a name', async () => {
    const table = await parquetOf([
      { caption: 'red', image: { bytes: red!, path: 'r.png' } },
      { caption: 'green', image: { bytes: green!, path: null } },
      { caption: 'blue', image: { bytes: null, path: 'blue.png' } },
      { caption: 'none', image: null },
    ]);
    const found = await planFiles(
      { 'pairs.parquet': table, 'blue.png': blue! },
      {
        format: 'pairs',
        path: 'pairs.parquet',
        columns: { query: 'caption', positive: 'text', positiveImage: 'image' },
        maxBadRows: 0.5,
      },
    );
    const images = new Map(found.pairs.map(([query, document]) => [query, document]));
    const imageOf = (query: string) => found.documents.find(({ id }) => id === images.get(query))!.image;
    expect(imageOf('0')).toEqual({ path: 'r.png', sha256: sha256(red!), bytes: true });
    expect(imageOf('1')).toEqual({ path: null, sha256: sha256(green!), bytes: true });
    expect(imageOf('2')).toEqual({ path: 'blue.png', sha256: sha256(blue!), bytes: false });
    expect(found.quarantine).toEqual([
      {
        file: 'pairs.parquet',
        row: 4,
        reason: 'neither "text" nor "image" holds anything: there is nothing to embed',
      },
    ]);
  });

  test('a corpus may have images, which pairs name by id', async () => {
    const found = await planFiles(
      {
        'pairs.jsonl': jsonl(
          { query: 'the red one', documents: ['d1'] },
          { query: 'a word', documents: ['d2'] },
        ),
        'corpus.jsonl': jsonl(
          { id: 'd1', image: 'red.png' },
          { id: 'd2', text: 'only text' },
          { id: 'd3', text: 'both', image: 'blue.png' },
        ),
        'red.png': red!,
        'blue.png': blue!,
      },
      {
        format: 'pairs',
        path: 'pairs.jsonl',
        columns: { positiveId: 'documents' },
        corpus: { path: 'corpus.jsonl', columns: { image: 'image' } },
      },
    );
    const documents = new Map(
      found.documents.map(({ id, text, image }) => [id, [text, image?.path ?? null]]),
    );
    expect(Object.fromEntries(documents)).toEqual({
      d1: ['', 'red.png'],
      d2: ['only text', null],
      d3: ['both', 'blue.png'],
    });
    expect(found.pairs).toEqual([
      ['0', 'd1'],
      ['1', 'd2'],
    ]);
  });

  test('what is no image is quarantined with its reason, in the row where it stands', async () => {
    const cut = (await fixtureImage('photo.jpg')).subarray(0, 9000);
    const rows = [
      'red.png',
      'cut.jpg',
      'none.png',
      'empty.png',
      'big.png',
      'text.png',
      '../outside.png',
      7,
      null,
      'folder',
    ];
    const found = await planFiles(
      {
        'pairs.jsonl': jsonl(...rows.map((image, i) => ({ image, captions: [`caption ${i}`] }))),
        'red.png': red!,
        'cut.jpg': cut,
        'empty.png': new Uint8Array(0),
        'big.png': await picture('#fff', 400, 300),
        'text.png': Buffer.from('no image'),
        'folder/in-it.png': blue!,
      },
      { ...IMAGE_TO_TEXT, maxImagePixels: 100_000, maxBadRows: 1 },
    );
    expect(found.queries.map(({ image }) => image?.path)).toEqual(['red.png']);
    const reasons = new Map(found.quarantine.map(({ row, reason }) => [row, reason]));
    expect([...reasons.keys()]).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (const [row, reason] of [
      [2, /image "cut\.jpg": the image is broken/],
      [3, /image "none\.png" is not there/],
      [4, /image "empty\.png": the image is empty/],
      [5, /image "big\.png": .*400 x 300 = 120000 pixels; input\.maxImagePixels allows 100000/],
      [6, /image "text\.png": not an image/],
      [7, /"\.\.\/outside\.png" lies outside of input\.imageRoot/],
      [8, /field "image" is a number; expected the path of an image/],
      [9, /neither "query" nor "image" holds anything/],
      [10, /image "folder" is not there/],
    ] as const) {
      expect(reasons.get(row)).toMatch(reason);
    }
    const [queries] = found.plan.inputs.filter(({ name }) => name === 'pairs');
    expect(queries).toMatchObject({ rows: 10, quarantined: 9 });
  });
});

/** A Parquet file as `datasets` writes it: the images in a struct of bytes and path. */
async function parquetOf(
  rows: readonly { caption: string; image: { bytes: Buffer | null; path: string | null } | null }[],
): Promise<Buffer> {
  const directory = await temporaryDirectory();
  const { connection, close } = await openDuckDb({ directory });
  const text = (value: string | null): string => (value === null ? 'NULL' : sqlText(value));
  const bytes = (value: Buffer | null): string =>
    value === null ? 'NULL::BLOB' : `from_hex('${value.toString('hex')}')`;
  const values = rows.map(({ caption, image }) => {
    const struct = image ? `{bytes: ${bytes(image.bytes)}, path: ${text(image.path)}}` : 'NULL';
    return `(${text(caption)}, ${struct})`;
  });
  const path = join(directory, 'rows.parquet');
  await connection.run(
    `COPY (SELECT caption, image FROM (VALUES ${values.join(', ')}) AS t(caption, image)) TO ${sqlText(path)} (FORMAT parquet)`,
  );
  close();
  return readFile(path);
}
