import { describe, expect, test } from 'vitest';
import { green, red } from './pictures.ts';
import { jsonl, planFiles } from './planned-input.ts';

describe('mmeb', () => {
  const row = (qry: string, qryImage: string, posText: string, posImage = ''): Record<string, string> => ({
    qry,
    qry_image_path: qryImage,
    pos_text: posText,
    pos_image_path: posImage,
  });
  const files = {
    'data/ImageNet_1K/train.jsonl': jsonl(
      row('<|image_1|>\nWhat is in it?', 'images/red.png', 'red'),
      row('<|image_1|>\nWhat is in it?', 'images/green.png', 'green'),
    ),
    'data/ImageNet_1K/original.jsonl': jsonl(row('not read', '', 'not read')),
    'data/MSCOCO/train-00000-of-00002.jsonl': jsonl(row('find red', '', '<|image_1|>', 'images/red.png')),
    'data/MSCOCO/train-00001-of-00002.jsonl': jsonl(
      row('find green', '', '<|image_1|>', 'images/green.png'),
      row('<|image_1|>', '', 'a place without an image'),
      row('say red', '', 'red'),
    ),
    'data/images/red.png': red!,
    'data/images/green.png': green!,
  };

  test('has a group per subset, in the order of the names, and everything cut at their ends', async () => {
    const found = await planFiles(files, { format: 'mmeb', path: 'data', maxBadRows: 0.5 });
    expect(
      found.plan.groups?.map(({ name, queries, documents, pairs }) => [name, queries, documents, pairs]),
    ).toEqual([
      ['ImageNet_1K', { start: 0, end: 2 }, { start: 0, end: 2 }, { start: 0, end: 2 }],
      ['MSCOCO', { start: 2, end: 5 }, { start: 2, end: 5 }, { start: 2, end: 5 }],
    ]);
    expect(
      found.plan.groups?.map(({ queryShards, documentShards }) => [queryShards, documentShards]),
    ).toEqual([
      [
        { start: 0, end: 1 },
        { start: 0, end: 1 },
      ],
      [
        { start: 1, end: 2 },
        { start: 1, end: 2 },
      ],
    ]);
    expect(found.plan.queryShards.map(({ start, end }) => [start, end])).toEqual([
      [0, 2],
      [2, 5],
    ]);
    // The same text is a document of each group.
    expect(found.documents.filter(({ text }) => text === 'red').map(({ id }) => id)).toEqual([
      'ImageNet_1K:0',
      'MSCOCO:3',
    ]);
    expect(found.queries.map(({ id, text, image }) => [id, text, image?.path ?? null])).toEqual([
      ['ImageNet_1K:0', 'What is in it?', 'images/red.png'],
      ['ImageNet_1K:1', 'What is in it?', 'images/green.png'],
      ['MSCOCO:0', 'find red', null],
      ['MSCOCO:1', 'find green', null],
      ['MSCOCO:3', 'say red', null],
    ]);
    expect(found.quarantine).toEqual([
      {
        file: 'MSCOCO/train-00001-of-00002.jsonl',
        row: 2,
        reason: '"qry" has a place for an image, but "qry_image_path" names none',
      },
    ]);
  });

  test('a file is one subset, named after it', async () => {
    const found = await planFiles(
      {
        ...files,
        'N24News.jsonl': jsonl(row('<|image_1|> which section?', 'red.png', 'Sports')),
        'red.png': red!,
      },
      { format: 'mmeb', path: 'N24News.jsonl' },
    );
    expect(found.plan.groups?.map(({ name }) => name)).toEqual(['N24News']);
    expect(found.queries[0]!.text).toBe('which section?');
  });

  test('a directory without the split says which there are', async () => {
    await expect(planFiles(files, { format: 'mmeb', path: 'data', split: 'test' })).rejects.toThrow(
      /holds no subset with the split test; its subsets have the splits original, train: set input.split/,
    );
  });
});
