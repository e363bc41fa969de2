import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeNpy } from '@quarry/activities/tables/npy';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tableRows } from '../support/parquet-rows.ts';
import { type Mined, mine, quarry } from '../support/quarry.ts';
import { jsonl, mixture, writeJob } from '../support/write-job.ts';

const ROWS = 60;
const DIMENSION = 8;
const WORDS = ['lift', 'drag', 'heat', 'flow', 'wing', 'air', 'speed', 'high', 'low'];
const fixture = (name: string): string =>
  fileURLToPath(new URL(`../unit/judges/fixtures/${name}`, import.meta.url));

interface Candidate {
  query_id: string;
  document_id: string;
  rank: number;
  score: number;
  reason: string | null;
  cross_encoder_score: number | null;
  judge_score: number | null;
}

/** A chain with a cross-encoder and a generator that judges, both tiny, through the whole pipeline. */
describe('judges', () => {
  let directory: string;
  let home: string;
  let job: string;
  let run: Mined;
  let rows: Candidate[];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'quarry-judges-'));
    home = join(directory, 'home');
    const documents = mixture(ROWS, DIMENSION, 5);
    const all = Array.from({ length: ROWS }, (_, i) => i);
    const text = (i: number, step: number): string =>
      [0, 1, 2, 3, 4].map((k) => WORDS[(i * step + k * (1 + (i % 4))) % WORDS.length]).join(' ');
    job = await writeJob(
      directory,
      {
        name: 'judges',
        input: { format: 'beir', path: 'data' },
        model: { kind: 'vectors', queries: 'q.npy', documents: 'd.npy' },
        mining: {
          strategy: 'margin',
          numNegatives: 4,
          rangeMax: 20,
          filters: [
            { name: 'relative_margin', margin: 0.02 },
            { name: 'cross_encoder', path: fixture('cross-encoder-1'), above: 0.15, margin: 0 },
            { name: 'judge', above: -1.4 },
          ],
          judge: { path: fixture('generator'), rows: 200 },
        },
        search: { engine: 'exact', recallSample: 10 },
        execution: { shardRows: 25 },
      },
      {
        'q.npy': encodeNpy(mixture(ROWS, DIMENSION, 6, documents), [ROWS, DIMENSION]),
        'd.npy': encodeNpy(documents, [ROWS, DIMENSION]),
        'data/queries.jsonl': jsonl(all.map((i) => ({ _id: `q${i}`, text: `what is ${text(i, 2)} ${i}` }))),
        'data/corpus.jsonl': jsonl(all.map((i) => ({ _id: `d${i}`, title: '', text: `${text(i, 5)} ${i}` }))),
        'data/qrels/train.tsv': all.map((i) => `q${i}\td${i}\t1\n`).join(''),
      },
    );
    run = await mine(job, home);
    rows = await tableRows<Candidate>(run.output, 'candidates');
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test('each judges what the cheaper filters before it left undecided, and nothing else', () => {
    const cheap = ['self', 'known_positive', 'relative_margin', 'rank_window'];
    const odds = Math.log(0.15 / 0.85);
    for (const row of rows) {
      if (row.cross_encoder_score === null) expect(cheap).toContain(row.reason);
      if (row.reason === 'cross_encoder') expect(row.judge_score).toBeNull();
      if ((row.cross_encoder_score ?? -9) > odds) expect(row.reason).toBe('cross_encoder');
      if (row.judge_score !== null) expect(row.reason === 'judge').toBe(row.judge_score > -1.4);
    }
    for (const reason of ['cross_encoder', 'judge', null])
      expect(
        rows.some((row) => row.reason === reason),
        String(reason),
      ).toBe(true);
  });

  test('the budget goes to the hardest of every query', () => {
    expect(rows.filter(({ judge_score }) => judge_score !== null).length).toBeLessThanOrEqual(200);
    const byQuery = new Map<string, Candidate[]>();
    for (const row of rows) {
      if (row.reason === 'cross_encoder' || row.cross_encoder_score === null) continue;
      byQuery.set(row.query_id, [...(byQuery.get(row.query_id) ?? []), row]);
    }
    for (const undecided of byQuery.values()) {
      const asked = undecided.map(({ judge_score }) => judge_score !== null);
      expect(asked).toEqual(asked.slice().sort().reverse());
      expect(asked.filter(Boolean).length).toBe(Math.min(undecided.length, asked.filter(Boolean).length));
      expect(asked.filter(Boolean).length).toBeLessThanOrEqual(4);
    }
  });

  test('another threshold asks no model again; another budget asks the generator alone', async () => {
    expect(run.stages.crossEncode).toMatchObject({ units: 3, computed: 3 });
    const looser = await mine(job, home, ['--set', 'mining.filters.2.above=5']);
    for (const stage of ['crossEncode', 'judge'])
      expect(looser.stages[stage]).toMatchObject({ computed: 0, reused: 3 });
    expect(looser.funnel.dropped.judge).toBeUndefined();
    const more = await mine(job, home, ['--set', 'mining.judge.rows=300']);
    expect(more.stages.crossEncode).toMatchObject({ computed: 0 });
    expect(more.stages.judge).toMatchObject({ computed: 3 });
  });

  test('a cross-encoder scores anew what was retrieved, once for every threshold', async () => {
    const asked = ['--set', 'mining.filters=[]'];
    const model = `mining.rescore={"path": "${fixture('cross-encoder-1')}"}`;
    const margin = (value: number): string[] => ['--set', model, '--set', `mining.relativeMargin=${value}`];
    const mined = await mine(job, home, [...asked, ...margin(0.01)]);
    expect(mined.stages.rescore).toMatchObject({ units: 3, computed: 3 });
    const found = await tableRows<Candidate>(mined.output, 'candidates');
    const pairs = new Map(rows.map((row) => [`${row.query_id} ${row.document_id}`, row]));
    let compared = 0;
    for (const [i, row] of found.entries()) {
      const before = found[i - 1];
      if (before?.query_id === row.query_id) expect(before.score).toBeGreaterThanOrEqual(row.score);
      const said = pairs.get(`${row.query_id} ${row.document_id}`)?.cross_encoder_score;
      if (said === undefined || said === null) continue;
      expect(row.score).toBeCloseTo(1 / (1 + Math.exp(-said)), 5);
      compared++;
    }
    expect(compared).toBeGreaterThan(100);
    const lowest = new Map<string, number>();
    for (const { query_id, reason, score } of found) {
      if (reason === 'known_positive') lowest.set(query_id, Math.min(score, lowest.get(query_id) ?? 1));
    }
    for (const { query_id, reason, score } of found) {
      const bar = lowest.get(query_id);
      if (reason === null && bar !== undefined) expect(score).toBeLessThanOrEqual(bar * 0.99 + 1e-6);
    }
    expect(mined.funnel.dropped.relative_margin).toBeGreaterThan(0);
    const stricter = await mine(job, home, [...asked, ...margin(0.02)]);
    expect(stricter.stages.rescore).toMatchObject({ computed: 0, reused: 3 });
  });

  test('the cut into shards changes nothing', async () => {
    const again = await mine(job, home, [
      '--set',
      'execution.shardRows=11',
      '--output',
      join(directory, 'other'),
    ]);
    expect(again.runId).toBe(run.runId);
    expect(await tableRows(again.output, 'candidates')).toEqual(rows);
  });

  test('jobs that cannot judge are refused before anything starts', async () => {
    const refused = async (...flags: string[]): Promise<string> => {
      const ended = await quarry(['mine', job, ...flags.flatMap((flag) => ['--set', flag])], home);
      expect([ended.code, ended.stdout]).toEqual([2, '']);
      return ended.stderr;
    };
    expect(await refused('mining.filters=[{"name": "judge"}]', 'mining.judge={}')).toContain(
      'a vectors cannot judge; name a generator with its logits in mining.judge.path',
    );
    expect(await refused('mining.strategy=saha', `mining.rescore={"path": "x"}`)).toContain(
      'compares queries with owners, which a cross-encoder does not score',
    );
    expect(await refused('mining.filters=[{"name": "cross_encoder", "path": "x"}]')).toContain(
      'cross_encoder has no threshold; give above',
    );
  });
});
