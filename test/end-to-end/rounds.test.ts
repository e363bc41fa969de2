import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeNpy } from '@quarry/activities/tables/npy';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tableRows } from '../support/parquet-rows.ts';
import { type Mined, mine, quarry } from '../support/quarry.ts';
import { jsonl, mixture, writeJob } from '../support/write-job.ts';

const ROWS = 80;
const DIMENSION = 8;

interface Candidate {
  query_id: string;
  document_id: string;
  rank: number;
  score: number;
  source?: string;
  given_rank?: number | null;
  given_score?: number | null;
  verdict: string;
  reason: string | null;
}

/** Two rounds with two "checkpoints" (vectors), the second knowing the first. */
describe('rounds', () => {
  let directory: string;
  let home: string;
  let job: string;
  let first: Mined;
  let second: Mined;
  const pair = ({ query_id, document_id }: { query_id: string; document_id: string }): string =>
    `${query_id} ${document_id}`;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'quarry-rounds-'));
    home = join(directory, 'home');
    const documents = mixture(ROWS, DIMENSION, 3);
    const all = Array.from({ length: ROWS }, (_, i) => i);
    const vectors = (seed: number): Uint8Array =>
      encodeNpy(mixture(ROWS, DIMENSION, seed, documents), [ROWS, DIMENSION]);
    job = await writeJob(
      directory,
      {
        name: 'round',
        input: { format: 'beir', path: 'data' },
        model: { kind: 'vectors', queries: 'round-1.npy', documents: 'd.npy' },
        mining: { strategy: 'margin', numNegatives: 3, relativeMargin: 0.05 },
        search: { engine: 'exact', recallSample: 10 },
        execution: { shardRows: 33 },
      },
      {
        'round-1.npy': vectors(4),
        'round-2.npy': vectors(5),
        'd.npy': encodeNpy(documents, [ROWS, DIMENSION]),
        'data/queries.jsonl': jsonl(all.map((i) => ({ _id: `q${i}`, text: `query ${i}` }))),
        'data/corpus.jsonl': jsonl(all.map((i) => ({ _id: `d${i}`, title: '', text: `document ${i}` }))),
        'data/qrels/train.tsv': all.map((i) => `q${i}\td${i}\t1\n`).join(''),
      },
    );
    first = await mine(job, home);
    const next = ['model.queries=round-2.npy', `mining.previousRun=${fileURLToPath(first.output)}`];
    second = await mine(
      job,
      home,
      next.flatMap((flag) => ['--set', flag]),
    );
  }, 300_000);
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test('what a round promotes can be judged by people and read back', async () => {
    const file = join(directory, 'promoted.jsonl');
    const run = fileURLToPath(first.output);
    const { code, stderr } = await quarry(['promote', run, '--to', file], home);
    expect(code, stderr).toBe(0);
    const rows = (await readFile(file, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.length).toBeGreaterThan(5);
    for (const row of rows) {
      expect(row).toMatchObject({ verdict: '', reason: 'relative_margin' });
      expect(row.query).toBe(`query ${row.query_id.slice(1)}`);
      expect(row.score).toBeGreaterThanOrEqual(row.positive_score);
    }
    const again = await quarry(['promote', run, '--to', file], home);
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('exists, perhaps with verdicts in it');
    const judged = rows.map((row, i) => ({ ...row, verdict: ['positive', 'negative', ''][i % 3] }));
    await writeFile(file, jsonl(judged));
    const found = await quarry(['evaluate', run, '--truth', file, '--json'], home);
    const { runs } = JSON.parse(found.stdout);
    const candidates = runs.find(({ table }: { table: string }) => table === 'candidates');
    expect(candidates.judged).toBe(judged.filter(({ verdict }) => verdict !== '').length);
    expect(candidates.falseNegatives).toBe(judged.filter(({ verdict }) => verdict === 'positive').length);
  });

  test('the next round never calls a promoted document negative', async () => {
    const rows = await tableRows<Candidate>(first.output, 'candidates');
    const best = new Map(
      rows.filter(({ reason }) => reason === 'known_positive').map((row) => [row.query_id, row.score]),
    );
    const promoted = new Set(
      rows
        .filter(
          ({ query_id, reason, score }) => reason === 'relative_margin' && score >= (best.get(query_id) ?? 2),
        )
        .map(pair),
    );
    const after = await tableRows<Candidate>(second.output, 'candidates');
    const dropped = after.filter(({ reason }) => reason === 'promoted');
    expect(dropped.length).toBeGreaterThan(0);
    for (const row of dropped) expect(promoted.has(pair(row))).toBe(true);
    for (const row of after) if (promoted.has(pair(row))) expect(row.verdict).toBe('dropped');
  });

  test('churn says what became of the earlier negatives', async () => {
    const [run, previous] = [fileURLToPath(second.output), fileURLToPath(first.output)];
    const { code, stdout, stderr } = await quarry(['churn', run, previous, '--json'], home);
    expect(code, stderr).toBe(0);
    const found = JSON.parse(stdout);
    const kept = async (one: Mined): Promise<Set<string>> =>
      new Set(
        (await tableRows<Candidate>(one.output, 'candidates'))
          .filter(({ verdict }) => verdict === 'kept')
          .map(pair),
      );
    const [before, after] = [await kept(first), await kept(second)];
    const same = [...after].filter((one) => before.has(one)).length;
    expect(found).toMatchObject({
      run: second.runId,
      previous: first.runId,
      queries: ROWS,
      same,
      added: after.size - same,
      removed: before.size - same,
    });
    const why = Object.values(found.removedFor as Record<string, number>).reduce((sum, n) => sum + n, 0);
    expect(why).toBe(before.size - same);
  });

  test('a round may keep negatives of the one before, as many as it is told', async () => {
    const flags = ['model.queries=round-2.npy', `mining.previousRun=${fileURLToPath(first.output)}`];
    const keeping = async (share: number): Promise<Map<string, Candidate[]>> => {
      const asked = [...flags, `mining.keepPrevious=${share}`];
      const run = await mine(
        job,
        home,
        asked.flatMap((flag) => ['--set', flag]),
      );
      const rows = await tableRows<Candidate>(run.output, 'candidates');
      const all = new Map<string, Candidate[]>();
      for (const row of rows) all.set(row.query_id, [...(all.get(row.query_id) ?? []), row]);
      return all;
    };
    const before = await tableRows<Candidate>(first.output, 'candidates');
    const earlier = new Map(
      before.filter(({ verdict }) => verdict === 'kept').map((row) => [pair(row), row]),
    );
    const isEarlier = (row: Candidate): boolean => earlier.has(pair(row));
    const isKept = ({ verdict }: Candidate): boolean => verdict === 'kept';
    let brought = 0;
    for (const [share, room] of [
      [0.34, 1],
      [1, 3],
    ] as const) {
      for (const rows of (await keeping(share)).values()) {
        const passed = rows.filter(({ verdict, reason }) => verdict === 'kept' || reason === 'not_sampled');
        const kept = rows.filter(isKept);
        expect(kept.length).toBe(Math.min(3, passed.length));
        // The hardest of the earlier negatives that still pass come first; the rest is what is hardest now.
        const expected = passed.filter(isEarlier).slice(0, room);
        for (const row of passed)
          if (expected.length < kept.length && !expected.includes(row)) expected.push(row);
        expect(new Set(kept.map(pair))).toEqual(new Set(expected.map(pair)));
        for (const row of rows.filter(({ source }) => source === 'previous')) {
          expect(row.given_rank).toBe(earlier.get(pair(row))!.rank);
          expect(row.given_score).toBeCloseTo(earlier.get(pair(row))!.score, 6);
          brought++;
        }
      }
    }
    expect(brought).toBeGreaterThan(20);
    const { code, stderr } = await quarry(['mine', job, '--set', 'mining.keepPrevious=0.5'], home);
    expect([code, stderr]).toEqual([2, expect.stringContaining('of no earlier round')]);
  });

  test('a previous run that is none is refused', async () => {
    const flags = ['--set', `mining.previousRun=${directory}`];
    const { code, stderr } = await quarry(['mine', job, ...flags], home);
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('holds no _manifest.json, so no committed run'),
    ]);
  });
});
