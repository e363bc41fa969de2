import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { jsonl, planFiles } from './planned-input.ts';

const corpus = jsonl(
  { _id: 'a', title: 'Alpha', text: 'first letter' },
  { _id: 'b', title: '', text: 'zweiter Buchstabe ß 🦊' },
  { _id: 'c', text: 'third' },
  { _id: 'd', title: 'Delta', text: '' },
);
const queries = jsonl(
  { _id: 'q2', text: 'which is second?' },
  { _id: 'q1', text: 'which is first?' },
  { _id: 'q3', text: 'nobody answers' },
);
const qrels = 'query-id\tcorpus-id\tscore\nq1\ta\t1\nq2\tb\t2\nq1\tc\t1\nq1\td\t0\n';
const files = { 'corpus.jsonl': corpus, 'queries.jsonl': queries, 'qrels/train.tsv': qrels };
const beir = { format: 'beir', path: '.' } as const;
const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

test('documents are dense in the order of their content hash, with title and text composed', async () => {
  const { documents, plan } = await planFiles(files, beir);
  expect(new Set(documents.map(({ id, text }) => `${id}: ${text}`))).toEqual(
    new Set(['a: Alpha first letter', 'b: zweiter Buchstabe ß 🦊', 'c: third', 'd: Delta']),
  );
  expect(documents.map(({ dense }) => dense)).toEqual([0, 1, 2, 3]);
  const hashes = documents.map(({ text }) => hash(text));
  expect(hashes).toEqual([...hashes].sort());
  expect(documents.map(({ id, row }) => row === 'abcd'.indexOf(id))).toEqual([true, true, true, true]);
  const shard = createHash('sha256');
  for (const digest of hashes) shard.update(digest, 'hex');
  expect(plan.documentShards).toEqual([{ start: 0, end: 4, sha256: shard.digest('hex') }]);
  expect(plan.unownedDocuments).toBe(1);
});

test('queries are dense in the order of their file; one without a positive is counted, not mined', async () => {
  const { queries: rows, plan, pairs } = await planFiles(files, beir);
  expect(rows.map(({ id, row }) => [id, row])).toEqual([
    ['q2', 0],
    ['q1', 1],
  ]);
  expect(plan).toMatchObject({ queries: 2, unminedQueries: 1, pairs: 3, maxPositives: 2 });
  expect(pairs).toEqual([
    ['q1', 'a'],
    ['q2', 'b'],
    ['q1', 'c'],
  ]);
});

test('arrays hold the pairs by query, the owners by document, and the judgements that are no positives', async () => {
  const { array, documents } = await planFiles(files, beir);
  const dense = (id: string): number => documents.findIndex((document) => document.id === id);
  expect(array('pair-query.npy')).toEqual([0, 1, 1]);
  expect(array('pair-document.npy')).toEqual([dense('b'), dense('a'), dense('c')]);
  expect(array('pair-row.npy')).toEqual([1, 0, 2]);
  expect(array('pair-relevance.npy')).toEqual([2, 1, 1]);
  expect(array('query-pairs.npy')).toEqual([0, 1, 3]);
  const offsets = array('owner-offsets.npy');
  const owner = (id: string): number[] =>
    array('owner-query.npy').slice(offsets[dense(id)], offsets[dense(id) + 1]);
  expect([owner('a'), owner('b'), owner('c'), owner('d')]).toEqual([[1], [0], [1], []]);
  expect(array('judged.npy')).toEqual([1, dense('d')]);
  expect(array('judged-relevance.npy')).toEqual([0]);
});

test('owners of a document come in data-set order, whatever the order of the queries', async () => {
  const { array } = await planFiles(
    { ...files, 'corpus.jsonl': jsonl({ _id: 'a', text: 'one' }), 'qrels/train.tsv': 'q1\ta\t1\nq2\ta\t1\n' },
    beir,
  );
  expect(array('owner-query.npy')).toEqual([1, 0]);
  expect(array('owner-pair.npy')).toEqual([1, 0]);
});

test('byte order mark, CRLF, blank lines, a last line without end, and .gz change nothing', async () => {
  const plain = await planFiles(files, beir);
  const crlf = (text: string): string => `\ufeff${text.replaceAll('\n', '\r\n\r\n').trimEnd()}`;
  const other = await planFiles(
    {
      'corpus.jsonl.gz': gzipSync(crlf(corpus)),
      'queries.jsonl': crlf(queries),
      'qrels/train.tsv.gz': gzipSync(crlf(qrels)),
    },
    beir,
  );
  expect(other.plan.fingerprints).toEqual(plain.plan.fingerprints);
  expect(other.documents).toEqual(plain.documents);
  expect(other.queries).toEqual(plain.queries);
  expect(other.quarantine).toEqual([]);
});

test('the order of the corpus file and the size of the shards change no fingerprint', async () => {
  const plain = await planFiles(files, beir);
  const turned = await planFiles(
    { ...files, 'corpus.jsonl': jsonl(...corpus.trimEnd().split('\n').reverse()) },
    beir,
    { shardRows: 1 },
  );
  expect(turned.plan.fingerprints).toEqual(plain.plan.fingerprints);
  expect(turned.plan.documentShards.map(({ start, end }) => [start, end])).toEqual([
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 4],
  ]);
  expect(turned.plan.queryShards).toHaveLength(2);
});

test('equal content is one document and one query, under the id that came first; pairs are counted once', async () => {
  const {
    plan,
    documents,
    queries: rows,
    pairs,
    array,
  } = await planFiles(
    {
      'corpus.jsonl': jsonl(
        { _id: 'x', text: 'same' },
        { _id: 'y', text: 'other' },
        { _id: 'z', text: 'same' },
      ),
      'queries.jsonl': jsonl(
        { _id: '1', text: 'ask' },
        { _id: '2', text: 'other' },
        { _id: '3', text: 'ask' },
      ),
      'qrels/train.tsv': '3\tz\t1\n1\tx\t3\n2\ty\t1\n1\ty\t1\n',
    },
    beir,
  );
  expect(new Set(documents.map(({ id }) => id))).toEqual(new Set(['x', 'y']));
  expect(rows.map(({ id }) => id)).toEqual(['1', '2']);
  expect(pairs).toEqual([
    ['1', 'x'],
    ['2', 'y'],
    ['1', 'y'],
  ]);
  expect(array('pair-relevance.npy')[array('pair-row.npy').indexOf(0)]).toBe(3);
  expect(plan.inputs.map(({ name, rows: n, duplicates }) => [name, n, duplicates])).toEqual([
    ['documents', 3, 1],
    ['queries', 3, 1],
    ['pairs', 4, 1],
  ]);
  expect(array('duplicates-documents.npy')).toEqual([2, 0]);
  expect(array('duplicates-queries.npy')).toEqual([2, 0]);
});

test('input.dedup: false keeps equal content apart, in the order of the rows', async () => {
  const {
    documents,
    queries: rows,
    array,
  } = await planFiles(
    {
      'corpus.jsonl': jsonl({ _id: 'x', text: 'same' }, { _id: 'z', text: 'same' }),
      'queries.jsonl': jsonl({ _id: '1', text: 'ask' }, { _id: '3', text: 'ask' }),
      'qrels/train.tsv': '3\tz\t1\n1\tx\t3\n',
    },
    { ...beir, dedup: false },
  );
  expect(documents.map(({ id }) => id)).toEqual(['x', 'z']);
  expect(rows.map(({ id }) => id)).toEqual(['1', '3']);
  expect(array('duplicates-documents.npy')).toEqual([]);
});

test('a document with the content of a query, or with sameIdSpace its id, is the query itself', async () => {
  const same = {
    'corpus.jsonl': jsonl(
      { _id: 'p', text: 'ask' },
      { _id: 'q', text: 'other' },
      { _id: 'r', text: 'answer' },
    ),
    'queries.jsonl': jsonl({ _id: 'q', text: 'ask' }, { _id: 's', text: 'unrelated' }),
    'qrels/train.tsv': 'q\tr\t1\ns\tr\t1\n',
  };
  const byContent = await planFiles(same, beir);
  const dense = (id: string): number => byContent.documents.findIndex((document) => document.id === id);
  expect(byContent.array('query-self.npy')).toEqual([dense('p'), -1, -1, -1]);
  const byId = await planFiles(same, { ...beir, sameIdSpace: true });
  expect(byId.array('query-self.npy')).toEqual([dense('p'), dense('q'), -1, -1]);
  expect(byId.figures.maxSelf).toBe(2);
  expect(byId.plan.fingerprints.judgements).not.toBe(byContent.plan.fingerprints.judgements);
});

test('minRelevance moves the border between positives and judgements', async () => {
  const { plan, pairs, array } = await planFiles(files, { ...beir, minRelevance: 2 });
  expect(pairs).toEqual([['q2', 'b']]);
  expect(plan.unminedQueries).toBe(2);
  expect(array('judged.npy')).toEqual([]);
});

test('every file of a plan has the same bytes at 1, 2 and 4 threads', async () => {
  const count = 5000;
  const numbers = Array.from({ length: count }, (_, i) => i);
  const many = {
    'corpus.jsonl': jsonl(
      ...numbers.map((i) => ({ _id: `d${i}`, text: `text ${i % 4500} ${'x'.repeat(i % 90)}` })),
    ),
    'queries.jsonl': jsonl(...numbers.map((i) => ({ _id: `q${i}`, text: `text ${(i * 7) % 4800}` }))),
    'qrels/train.tsv': numbers.map((i) => `q${(i * 13) % count}\td${(i * 31) % count}\t${i % 3}\n`).join(''),
  };
  const plans = [];
  for (const threads of [1, 2, 4]) plans.push(await planFiles(many, beir, { threads, shardRows: 700 }));
  expect(plans[0]!.plan.documentShards.length).toBeGreaterThan(6);
  // The plan itself names its files.
  const hashes = plans.map((plan) => [...plan.hashes].filter(([name]) => name !== 'plan.json'));
  expect(hashes[1]).toEqual(hashes[0]);
  expect(hashes[2]).toEqual(hashes[0]);
  expect(plans[1]!.plan.fingerprints).toEqual(plans[0]!.plan.fingerprints);
});
