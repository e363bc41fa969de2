import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeNpy } from '@quarry/activities/tables/npy';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tableRows } from '../support/parquet-rows.ts';
import { type Mined, mine, quarry } from '../support/quarry.ts';
import { jsonl, mixture, writeJob } from '../support/write-job.ts';

const ROWS = 120;
const DIMENSION = 8;

interface Candidate {
  query_id: string;
  document_id: string;
  rank: number;
  score: number;
  verdict: string;
  source: string;
  given_rank: number | null;
  given_score: number | null;
}

/** Candidates of another retriever through the whole pipeline, over several shards and parts. */
describe('candidates from elsewhere', () => {
  let directory: string;
  let home: string;
  let job: string;
  let searched: Mined;
  const documents = mixture(ROWS, DIMENSION, 7);
  const queries = mixture(ROWS, DIMENSION, 8, documents);
  const name = (i: number): string => String(i).padStart(3, '0');
  /** Every query's three "best" of another retriever: far away from it, one of them twice. */
  const foreign = (i: number): number[] => [(i + 40) % ROWS, (i + 50) % ROWS, (i + 60) % ROWS];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'quarry-given-'));
    home = join(directory, 'home');
    const all = Array.from({ length: ROWS }, (_, i) => i);
    const trec = all.flatMap((i) =>
      foreign(i).map((d, rank) => `${name(i)} Q0 ${name(d)} ${rank + 1} ${30 - rank} bm25`),
    );
    job = await writeJob(
      directory,
      {
        name: 'given',
        input: { format: 'beir', path: 'data' },
        model: { kind: 'vectors', queries: 'q.npy', documents: 'd.npy' },
        mining: { strategy: 'margin', numNegatives: 2 },
        search: { engine: 'exact', recallSample: 20 },
        execution: { shardRows: 50, partRows: 60 },
      },
      {
        'q.npy': encodeNpy(queries, [ROWS, DIMENSION]),
        'd.npy': encodeNpy(documents, [ROWS, DIMENSION]),
        'data/queries.jsonl': jsonl(all.map((i) => ({ _id: name(i), text: `query ${i}` }))),
        'data/corpus.jsonl': jsonl(all.map((i) => ({ _id: name(i), title: '', text: `document ${i}` }))),
        'data/qrels/train.tsv': all.map((i) => `${name(i)}\t${name(i)}\t1\n`).join(''),
        'bm25.trec': `${trec.join('\n')}\n`,
      },
    );
    searched = await mine(job, home);
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  const withFile = (mode: 'replace' | 'join'): string[] => [
    '--set',
    'input.candidates=bm25.trec',
    '--set',
    `input.candidatesMode=${mode}`,
  ];
  const score = (query: number, document: number): number => {
    const at = (vectors: Float32Array, row: number): Float32Array =>
      vectors.subarray(row * DIMENSION, (row + 1) * DIMENSION);
    const [q, d] = [at(queries, query), at(documents, document)];
    const length = (v: Float32Array): number => Math.hypot(...v);
    return q.reduce((sum, x, i) => sum + x * d[i]!, 0) / length(q) / length(d);
  };

  test('replace: nothing is searched, scores are our own, the foreign ones stand beside', async () => {
    const run = await mine(job, home, withFile('replace'));
    expect(run.runId).not.toBe(searched.runId);
    expect(run.stages.search).toBeUndefined();
    expect(run.stages.scoreGiven).toMatchObject({ computed: 9 });
    const rows = await tableRows<Candidate>(run.output, 'candidates');
    expect(rows).toHaveLength(3 * ROWS);
    for (const row of rows) {
      const [query, document] = [Number(row.query_id), Number(row.document_id)];
      const place = foreign(query).indexOf(document);
      expect(row).toMatchObject({ source: 'file', given_rank: place + 1, given_score: 30 - place });
      expect(row.score).toBeCloseTo(score(query, document), 5);
    }
    expect(rows.filter(({ verdict }) => verdict === 'kept')).toHaveLength(2 * ROWS);
    const exported = await quarry(
      ['export', new URL(run.output).pathname, '--format', 'beir', '--to', join(directory, 'beir')],
      home,
    );
    expect(exported.code, exported.stderr).toBe(0);
  });

  test('join: everything that was found and everything that was given; what was scored is not scored again', async () => {
    const run = await mine(job, home, withFile('join'));
    expect(run.stages.search!.computed).toBe(9);
    for (const stage of ['embed', 'scoreGiven']) expect(run.stages[stage]!.computed).toBe(0);
    const own = await tableRows<Candidate>(searched.output, 'candidates');
    const rows = await tableRows<Candidate>(run.output, 'candidates');
    const pair = ({ query_id, document_id }: Candidate): string => `${query_id} ${document_id}`;
    const found = new Set(own.map(pair));
    const given = new Set(
      Array.from({ length: ROWS }, (_, i) => foreign(i).map((d) => `${name(i)} ${name(d)}`)).flat(),
    );
    expect(new Set(rows.map(pair))).toEqual(new Set([...found, ...given]));
    expect(rows).toHaveLength(new Set([...found, ...given]).size);
    for (const row of rows) {
      expect(row.source).toBe(found.has(pair(row)) ? 'search' : 'file');
      expect(row.given_rank !== null).toBe(given.has(pair(row)));
    }
    for (let i = 1; i < rows.length; i++) {
      if (rows[i]!.query_id === rows[i - 1]!.query_id)
        expect(rows[i]!.score).toBeLessThanOrEqual(rows[i - 1]!.score);
    }
  });

  test('clusters are made of given candidates as well; the cut changes no byte', async () => {
    const saha = [...withFile('replace'), '--set', 'mining.strategy=saha', '--set', 'mining.topK=2'];
    const run = await mine(job, home, saha);
    const clusters = await tableRows<{ cluster: number }>(run.output, 'clusters');
    expect(clusters.length).toBeGreaterThan(ROWS / 2);
    const other = ['--set', 'execution.shardRows=13', '--set', 'execution.partRows=30'];
    const again = await mine(job, home, [...saha, ...other, '--output', join(directory, 'other')]);
    expect(await tableRows(again.output, 'candidates')).toEqual(await tableRows(run.output, 'candidates'));
    expect(again.runId).toBe(run.runId);
  });
});
