import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from '@quarry/activities/report/report-schema';
import { encodeNpy } from '@quarry/activities/tables/npy';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Mined, mine, quarry } from '../support/quarry.ts';

const PAIRS = 240;
const DIMENSION = 12;

/** The command over a small real run: its own home, its own local server, given vectors. */
describe('the command', () => {
  let directory: string;
  let home: string;
  let job: string;
  let mined: Mined;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'quarry-command-'));
    home = join(directory, 'home');
    job = await writeJob(join(directory, 'job'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test('plan says what would be done, and leaves no trace', async () => {
    const before = await readdir(join(directory, 'job'));
    const { code, stdout, stderr } = await quarry(['plan', job], home);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^documents +240/m);
    expect(stdout).toMatch(/^queries +240/m);
    expect(stdout).toMatch(/^engine +exact: recall 1/m);
    expect(stdout).toMatch(/^embed documents +3 +0 +3$/m);
    expect(await readdir(join(directory, 'job'))).toEqual(before);
  });

  test('mine runs the job to its committed result; the last line of stdout is the result', async () => {
    const { code, stdout, stderr } = await quarry(['mine', job, '--json'], home);
    expect(code, stderr).toBe(0);
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(1);
    mined = JSON.parse(lines[0]!);
    expect(Object.keys(mined)).toEqual([
      'runId',
      'workflowId',
      'output',
      'manifest',
      'funnel',
      'stages',
      'overhead',
    ]);
    expect(mined.stages.embed).toMatchObject({ units: 6, computed: 6, reused: 0 });
    const { candidates, kept, dropped } = mined.funnel;
    expect(candidates).toBe(kept + Object.values(dropped).reduce((sum, n) => sum + n, 0));
    expect(JSON.parse(await readFile(fileURLToPath(mined.manifest), 'utf8')).runId).toBe(mined.runId);
    expect(stderr).toContain(`Done: ${mined.runId}`);
    expect(stderr).toContain('quarry up');
    expect(stderr).toMatch(/^embed: done, 6 of 6 units, 0 reused/m);
  });

  test('mine of the same job ends at its manifest and says so', async () => {
    const { code, stdout } = await quarry(['mine', job], home);
    expect(code).toBe(0);
    expect(stdout).toContain(`The same run lay committed there before; nothing was done: ${mined.runId}`);
  });

  test('another strategy embeds nothing; another margin searches nothing either', async () => {
    const flags = (margin: number): string[] =>
      ['mining.strategy=margin', `mining.relativeMargin=${margin}`].flatMap((text) => ['--set', text]);
    const first = await mine(job, home, flags(0.1));
    expect(first.stages.embed).toMatchObject({ computed: 0, reused: 6 });
    const second = await mine(job, home, flags(0.2));
    for (const stage of ['embed', 'search', 'merge'])
      expect(second.stages[stage]).toMatchObject({ computed: 0, reused: first.stages[stage]!.units });
    expect(second.stages.filter!.computed).toBeGreaterThan(0);

    // The same candidates, judged anew; and the report says what was not done again.
    const report = async (run: Mined): Promise<Report> =>
      JSON.parse(await readFile(join(fileURLToPath(run.output), 'report.json'), 'utf8'));
    const [before, after] = [await report(first), await report(second)];
    const margin = ({ funnel }: Report): number => funnel.dropped.relative_margin?.count ?? 0;
    expect(after.funnel.candidates).toBe(before.funnel.candidates);
    expect(margin(after)).toBeGreaterThan(margin(before));
    for (const stage of ['embed', 'search', 'merge', 'measureRecall'])
      expect(after.execution.stages[stage]).toMatchObject({ computed: 0, rowsPerSecond: null });
  });

  test('plan says what is cached', async () => {
    const { stdout } = await quarry(['plan', job], home);
    expect(stdout).toContain('committed already');
    expect(stdout).toMatch(/^embed documents +3 +3 +0$/m);
    expect(stdout).toContain(mined.runId);
  });

  test('list --output reads the manifests; no server is needed', async () => {
    const { code, stdout } = await quarry(
      ['list', '--output', join(directory, 'job/out')],
      join(directory, 'nobody'),
    );
    expect(code).toBe(0);
    expect(stdout).toContain(mined.runId);
    expect(stdout.trim().split('\n')).toHaveLength(4);
  });

  test('list and status ask the server, which is started where it does not run', async () => {
    const list = await quarry(['list', '--json'], home);
    const runs = list.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(runs).toContainEqual(
      expect.objectContaining({ runId: mined.runId, workflowId: mined.workflowId }),
    );
    const status = await quarry(['status', mined.runId], home);
    expect(status.stdout).toContain(`${mined.runId}: completed, workflow ${mined.workflowId}`);
    const cancelled = await quarry(['cancel', mined.workflowId], home);
    expect([cancelled.code, cancelled.stdout]).toEqual([
      0,
      `${mined.workflowId} has ended already: completed\n`,
    ]);
  });

  test('inspect shows a query with its positive, what was kept, what was dropped, why, and the texts', async () => {
    const run = fileURLToPath(mined.output);
    const { code, stdout, stderr } = await quarry(['inspect', run, '--query', '7', '--limit', '50'], home);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^query 7: question 7$/m);
    expect(stdout).toMatch(/^ {2}positive -?\d\.\d{3} +7: answer 7$/m);
    expect(stdout).toMatch(/^ {2}dropped {2}#\d+ -?\d\.\d{3} known_positive +7: answer 7$/m);
    const one = await quarry(['inspect', run, '--sample', '2', '--reason', 'owner_similar', '--json'], home);
    const queries = one.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(queries).toHaveLength(2);
    for (const { query, positives, candidates } of queries) {
      expect(query.text).toBe(`question ${query.id}`);
      expect(positives).toEqual([{ id: query.id, text: `answer ${query.id}`, score: expect.any(Number) }]);
      expect(candidates.some(({ reason }: { reason: string }) => reason === 'owner_similar')).toBe(true);
    }
  });

  test('inspect shows the likeliest false negatives first, as the report lists them, and writes them as a page', async () => {
    const run = fileURLToPath(mined.output);
    const { suspects } = JSON.parse(await readFile(join(run, 'report.json'), 'utf8'));
    const listed = await quarry(['inspect', run, '--suspects', '--sample', '2', '--json'], home);
    const queries = listed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(queries.map(({ query }) => query.id)).toEqual([suspects[0].query, suspects[1].query]);
    for (const [i, { candidates }] of queries.entries()) {
      const doubted = candidates.filter(({ suspect }: { suspect: boolean }) => suspect);
      expect(doubted).toMatchObject([{ document: { id: suspects[i].document }, kept: true }]);
    }
    const page = join(directory, 'suspects.html');
    expect((await quarry(['inspect', run, '--suspects', '--html', page], home)).code).toBe(0);
    expect(await readFile(page, 'utf8')).toContain(`question ${suspects[0].query}`);
    const again = await quarry(['inspect', run, '--suspects', '--html', page], home);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('exists, and is not replaced')]);
  });

  test('inspect refuses what it does not know, with the nearest name', async () => {
    const run = fileURLToPath(mined.output);
    const refused = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await quarry(['inspect', ...args], home);
      expect([code, stdout]).toEqual([2, '']);
      return stderr.trim();
    };
    expect(await refused(run, '--query', '2399')).toMatch(/has no query 2399; did you mean 23\d?\?$/);
    expect(await refused(run, '--reason', 'owner_simlar')).toMatch(/did you mean owner_similar\?/);
    expect(await refused(run, '--reason', 'xyz')).toMatch(
      /is not a reason; reasons are self, known_positive/,
    );
    expect(await refused(join(directory, 'job'))).toMatch(/holds no _manifest.json, so no committed run/);
    expect(await refused(run, '--query', '7', '--suspects')).toMatch(/exclude each other/);
  });

  test('a run that fails says why, where and what to do, without a stack trace, and ends with 1', async () => {
    await writeFile(join(directory, 'job/short.npy'), encodeNpy(new Float32Array(DIMENSION), [1, DIMENSION]));
    const { code, stdout, stderr } = await quarry(['mine', job, '--set', 'model.queries=short.npy'], home);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^The run failed in stage \w+ \(Bad\w+\):$/m);
    expect(stderr).toContain('short.npy');
    expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+/m);
  });
});

/** Pairs whose vectors lie in twelve loose bundles: enough neighbours for every reason to occur. */
async function writeJob(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const rows = Array.from(
    { length: PAIRS },
    (_, i) => `${JSON.stringify({ query: `question ${i}`, positive: `answer ${i}`, id: `${i}` })}\n`,
  );
  await writeFile(join(folder, 'pairs.jsonl'), rows.join(''));
  for (const [side, phase] of [
    ['queries', 0],
    ['documents', 0.7],
  ] as const) {
    const vectors = Float32Array.from({ length: PAIRS * DIMENSION }, (_, i) => {
      const [row, column] = [Math.floor(i / DIMENSION), i % DIMENSION];
      return (row % DIMENSION === column ? 1 : 0) + 0.6 * Math.sin(1.7 * row * (column + 1) + phase);
    });
    await writeFile(join(folder, `${side}.npy`), encodeNpy(vectors, [PAIRS, DIMENSION]));
  }
  const path = join(folder, 'job.yaml');
  await writeFile(
    path,
    `name: command
input: {format: pairs, path: pairs.jsonl, columns: {queryId: id, positiveId: id}}
model: {kind: vectors, queries: queries.npy, documents: documents.npy}
mining: {topK: 3, poolMultiplier: 5}
output: {path: out}
execution: {shardRows: 97}
`,
  );
  return path;
}
