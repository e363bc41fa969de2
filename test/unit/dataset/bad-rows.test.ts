import { Buffer } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { jsonl, planFiles } from './planned-input.ts';

const beir = { format: 'beir', path: '.', maxBadRows: 1 } as const;
const good = {
  'corpus.jsonl': jsonl({ _id: 'a', text: 'one' }, { _id: 'b', text: 'two' }),
  'queries.jsonl': jsonl({ _id: 'q', text: 'ask' }),
  'qrels/train.tsv': 'q\ta\t1\n',
};

test('every bad row is quarantined with file, row and reason, and the rest is planned', async () => {
  const corpus = [
    '{"_id": "a", "text": "one"}',
    '{"_id": "x", "text": ',
    '[1, 2]',
    '7',
    '{"text": "no id"}',
    '{"_id": "", "text": "empty id"}',
    '{"_id": 1.5, "text": "id is a number"}',
    '{"_id": "e", "text": " \\t "}',
    '{"_id": "f"}',
    '{"_id": "g", "text": null}',
    '{"_id": "h", "text": 5}',
    '{"_id": "i", "text": "half a pair \\ud83d"}',
    '{"_id": "a", "text": "other content"}',
    '{"_id": "a", "text": "one"}',
    '{"_id": 12, "text": "a whole number is an id"}',
  ];
  const bytes = Buffer.concat([
    Buffer.from(`${corpus.join('\n')}\n{"_id": "j", "text": "`),
    Buffer.from([0xff, 0xfe]),
    Buffer.from('"}\n'),
  ]);
  const { documents, quarantine, plan } = await planFiles({ ...good, 'corpus.jsonl': bytes }, beir);
  expect(documents.map(({ id }) => id).sort()).toEqual(['12', 'a']);
  const rows = quarantine.map(({ file, row, reason }) => `${file}:${row} ${reason}`);
  expect(rows).toHaveLength(13);
  for (const [i, pattern] of [
    /^corpus.jsonl:2 not valid JSON/,
    /^corpus.jsonl:3 a list; expected a JSON object/,
    /^corpus.jsonl:4 7; expected a JSON object/,
    /^corpus.jsonl:5 field "_id" is missing; the row has "text"/,
    /^corpus.jsonl:6 field "_id" is empty/,
    /^corpus.jsonl:7 field "_id" is a number; expected a string or a whole number/,
    /^corpus.jsonl:8 field "text" is empty: there is nothing to embed/,
    /^corpus.jsonl:9 field "text" is missing/,
    /^corpus.jsonl:10 field "text" is null; expected a string/,
    /^corpus.jsonl:11 field "text" is a number; expected a string/,
    /^corpus.jsonl:12 field "text" holds half a surrogate pair/,
    /^corpus.jsonl:13 document id "a" has other content in row 1, which came first/,
    /^corpus.jsonl:16 not valid UTF-8/,
  ].entries()) {
    expect(rows[i]).toMatch(pattern);
  }
  expect(plan.inputs[0]).toMatchObject({ rows: 16, duplicates: 1, quarantined: 13 });
  expect(plan.quarantined).toBe(13);
});

test('judgements are quarantined with what is wrong, and which side is missing or quarantined itself', async () => {
  const { quarantine, plan } = await planFiles(
    {
      'corpus.jsonl': jsonl({ _id: 'a', text: 'one' }, { _id: 'e', text: '' }),
      'queries.jsonl': jsonl({ _id: 'q', text: 'ask' }, { _id: 'r', text: '' }),
      'qrels/train.tsv':
        'q\ta\t1\nq\tz\t1\nq\te\t1\ns\ta\t1\nr\ta\t1\nq\ta\nq\ta\thigh\nq\ta\t1\textra\nq\t\t1\n',
    },
    beir,
  );
  expect(quarantine.filter(({ file }) => file === 'qrels/train.tsv')).toEqual([
    { file: 'qrels/train.tsv', row: 2, reason: 'document "z" is not in corpus.jsonl' },
    { file: 'qrels/train.tsv', row: 3, reason: 'document "e" is quarantined itself (corpus.jsonl:2)' },
    { file: 'qrels/train.tsv', row: 4, reason: 'query "s" is not in queries.jsonl' },
    { file: 'qrels/train.tsv', row: 5, reason: 'query "r" is quarantined itself (queries.jsonl:2)' },
    {
      file: 'qrels/train.tsv',
      row: 6,
      reason: '2 fields between tabs; expected query id, document id and score',
    },
    { file: 'qrels/train.tsv', row: 7, reason: 'score "high" is not a number' },
    {
      file: 'qrels/train.tsv',
      row: 8,
      reason: '4 fields between tabs; expected query id, document id and score',
    },
    { file: 'qrels/train.tsv', row: 9, reason: 'the document id is empty' },
  ]);
  expect(plan.inputs[2]).toMatchObject({ name: 'pairs', rows: 9, duplicates: 0, quarantined: 8 });
});

test('a larger share of bad rows than input.maxBadRows fails, with the first ten', async () => {
  const corpus = jsonl(...Array.from({ length: 12 }, (_, i) => `broken ${i}`), { _id: 'a', text: 'one' });
  const plan = planFiles({ ...good, 'corpus.jsonl': corpus }, { format: 'beir', path: '.' });
  await expect(plan).rejects.toMatchObject({ code: 'BadInput' });
  const message = await plan.catch((error: Error) => error.message);
  expect(message).toMatch(
    /12 of 13 rows of file:\S+corpus\.jsonl \(92\.3 %\) are bad; input\.maxBadRows allows 1 %/,
  );
  expect(message).toMatch(/corpus\.jsonl:10: not valid JSON/);
  expect(message).not.toMatch(/corpus\.jsonl:11:/);
});

test('a CSV row with too many fields is bad, the rows around it are not, and rows count on', async () => {
  const { queries, quarantine } = await planFiles(
    { 'p.csv': 'query,positive\na,"b\r\nb"\nc,d,e\nf,\ng,h\n' },
    { format: 'pairs', path: 'p.csv', maxBadRows: 1 },
  );
  expect(queries.map(({ id, text }) => [id, text])).toEqual([
    ['0', 'a'],
    ['3', 'g'],
  ]);
  expect(quarantine.map(({ row, reason }) => `${row} ${reason}`)).toEqual([
    '4 Invalid Record Length: columns length is 2, got 3',
    '5 field "positive" is empty: there is nothing to embed',
  ]);
});

test('invalid UTF-8 in a CSV is a bad row, even where a chunk ends inside a character', async () => {
  const filler = 'é'.repeat(2 ** 21);
  const content = Buffer.concat([
    Buffer.from(`query,positive\nx${filler},a\nb,c`),
    Buffer.from([0xc3]),
    Buffer.from('\nd,e\n'),
  ]);
  const { queries, quarantine } = await planFiles(
    { 'p.csv': content },
    { format: 'pairs', path: 'p.csv', maxBadRows: 1 },
  );
  expect(queries.map(({ id }) => id)).toEqual(['0', '2']);
  expect(quarantine).toEqual([{ file: 'p.csv', row: 3, reason: 'not valid UTF-8' }]);
});

test('a query id given twice with other content takes its whole row with it', async () => {
  const { pairs, documents, plan } = await planFiles(
    {
      'p.jsonl': jsonl(
        { query: 'a', positive: 'x', id: '1' },
        { query: 'a', positive: 'y', id: '1' },
        { query: 'b', positive: ['z', 'w'], id: '1' },
      ),
    },
    { format: 'pairs', path: 'p.jsonl', columns: { queryId: 'id' }, maxBadRows: 1 },
  );
  expect(pairs).toEqual([
    ['1', '0'],
    ['1', '1'],
  ]);
  expect(documents).toHaveLength(2);
  expect(plan.inputs[2]).toMatchObject({ name: 'pairs', rows: 3, quarantined: 1 });
});

test.each([
  [
    'a missing split',
    { ...good, 'qrels/train.tsv': undefined, 'qrels/test.tsv': 'q\ta\t1\n' },
    /qrels\/train\.tsv \(or \.gz\) is not there.*splits test/,
  ],
  [
    'a missing corpus',
    { ...good, 'corpus.jsonl': undefined },
    /corpus\.jsonl \(or corpus\.jsonl\.gz\) is not there; expected one document per line.* holds .*queries\.jsonl/,
  ],
  ['an empty file', { ...good, 'queries.jsonl': '\n\n' }, /queries\.jsonl holds no row/],
  [
    'no positive',
    { ...good, 'qrels/train.tsv': 'q\ta\t0\n' },
    /no pair is left of .*qrels\/train\.tsv.*minRelevance/,
  ],
  [
    'a cut off .gz',
    { ...good, 'corpus.jsonl': undefined, 'corpus.jsonl.gz': gzipSync(good['corpus.jsonl']).subarray(0, 30) },
    /corpus\.jsonl\.gz cannot be unpacked/,
  ],
])('%s is refused with the path and what was expected', async (_, files, message) => {
  const present = Object.fromEntries(Object.entries(files).filter(([, content]) => content !== undefined));
  await expect(planFiles(present as Record<string, string>, beir)).rejects.toThrow(message);
});

test.each([
  ['p.csv', 'question,answer\na,b\n', /has no column "query" in its first line; it has question, answer/],
  ['p.parquet', 'no parquet at all', /cannot be read as Parquet/],
  ['p.csv', 'query,positive\na,b\nc,"d\ne,f\n', /a quote opened before line 4 is not closed/],
  ['p.txt', 'a\tb\n', /cannot tell the format from the name/],
])('%s that cannot be read as a whole is refused: %j', async (path, content, message) => {
  await expect(planFiles({ [path]: content }, { format: 'pairs', path })).rejects.toThrow(message);
});
