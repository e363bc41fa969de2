import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureLocalTemporal } from '@quarry/workers/servers/local-temporal';
import type { JobInput } from '@quarry/workflows/job';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tableRows } from '../support/parquet-rows.ts';
import { PICTURE_PAIRS, picturePairs } from '../support/picture-pairs.ts';
import { mine, quarry } from '../support/quarry.ts';
import { temporaryHome } from '../support/servers.ts';
import { jsonl, writeJob } from '../support/write-job.ts';
import { TINY, tinyCopy, VISION } from '../unit/models/tiny-models.ts';

/** Every tiny model by the commands that a user gives: `model prepare`, `model verify`, `mine`; one server for all. */

const ROWS = 12;
let directory: string;
let home: string;
let stop: () => Promise<void>;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'quarry-tiny-models-'));
  const { settings, remove } = await temporaryHome();
  home = settings.home;
  const server = await ensureLocalTemporal(settings, { onLine: console.log });
  stop = () => server.stop().finally(remove);
});
afterAll(async () => {
  await stop();
  rmSync(directory, { recursive: true });
});

test.each(TINY)(
  '%s is prepared, verified, and mines',
  async (name) => {
    const model = tinyCopy(name);
    const prepared = await quarry(['model', 'prepare', model], home);
    expect(prepared.code, prepared.stderr).toBe(0);
    expect(prepared.stdout).toMatch(/^onnx\/embedding\.onnx \(.*\) from onnx\/\w+\.onnx: cut MatMul/m);
    expect(readdirSync(join(model, 'onnx'))).toContain('embedding.onnx');

    const verified = await quarry(['model', 'verify', model, '--json'], home);
    expect(verified.code, verified.stdout).toBe(0);
    const { ok, checks } = JSON.parse(verified.stdout) as Verified;
    expect(ok).toBe(true);
    const details = new Map(checks.map((check) => [check.name, check]));
    expect(details.get('files')).toMatchObject({ outcome: 'ok' });
    expect(details.get('rewrite')!.detail).toContain('on 32 of 32 prompts');
    expect(details.get('images')!.outcome).toBe(VISION.includes(name) ? 'ok' : 'skipped');

    const pictures = VISION.includes(name);
    const texts = Array.from({ length: ROWS }, (_, i) => ({ query: `number ${i}`, positive: `thing ${i}` }));
    const job: JobInput = {
      name,
      input: pictures ? PICTURE_PAIRS : { format: 'pairs', path: 'pairs.jsonl' },
      model: { kind: 'generator', path: model, maxPixels: 16 * 28 * 28 },
      mining: { strategy: 'margin', numNegatives: 2 },
    };
    const files = pictures ? await picturePairs(ROWS) : { 'pairs.jsonl': jsonl(texts) };
    const run = await mine(await writeJob(join(directory, name), job, files), home);
    // Two negatives for every query, out of more candidates than that.
    expect(run.funnel.candidates).toBeGreaterThan(2 * ROWS);
    expect(run.funnel.kept).toBe(2 * ROWS);
    const scores = new Map<string, number[]>();
    for (const { query_id, score } of await tableRows<Candidate>(run.output, 'candidates')) {
      expect(Math.abs(score)).toBeLessThanOrEqual(1.00001);
      scores.set(query_id, [...(scores.get(query_id) ?? []), score]);
    }
    // Untrained, but not blank: every query has its own scores.
    expect(scores.size).toBe(ROWS);
    expect(new Set([...scores.values()].map((all) => all.join())).size).toBe(ROWS);
  },
  300_000,
);

interface Candidate {
  readonly query_id: string;
  readonly score: number;
}

interface Verified {
  readonly ok: boolean;
  readonly checks: readonly { readonly name: string; readonly outcome: string; readonly detail: string }[];
}
