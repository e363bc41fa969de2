import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describeModel } from '@quarry/activities/embedder/describe-model';
import { createPool, type Pool } from '@quarry/activities/pool/pool';
import { embed } from '@quarry/activities/stages/embed';
import { embedKey } from '@quarry/activities/stages/keys';
import type { RunDocument } from '@quarry/activities/stages/run-document';
import type { StageContext } from '@quarry/activities/stages/stage-context';
import { readDone } from '@quarry/activities/stages/unit';
import { openStore } from '@quarry/activities/storage/open-store';
import { openDuckDb, sqlText } from '@quarry/activities/tables/duckdb';
import { decodeNpy, encodeNpy, npyHeader } from '@quarry/activities/tables/npy';
import { jobSchema } from '@quarry/workflows/job';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const TEXTS = [
  'a cat',
  'a dog',
  '',
  'the heat transfer of a slender body',
  'Ünïcödé 猫',
  'a long text '.repeat(90),
];

let directory: string;
let pool: Pool;
let plans = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quarry-embed-'));
  pool = createPool({ threads: 1 });
});
afterAll(async () => {
  await pool.close();
  await rm(directory, { recursive: true });
});

function context(signal = new AbortController().signal): StageContext {
  return { openStore, scratch: join(directory, 'scratch'), pool, threads: 1, signal, progress: () => {} };
}

interface Planned {
  readonly cache: string;
  readonly run: string;
  readonly document: RunDocument;
}

/** A plan of documents in shards that end at `ends`, whose text `i` comes from source row `rows[i]`. */
async function plan(
  model: Record<string, unknown>,
  ends: readonly number[],
  rows: readonly number[] = [...TEXTS.keys()],
  texts: readonly string[] = TEXTS,
): Promise<Planned> {
  const run = `run${plans++}`;
  const local = join(directory, run);
  const cache = pathToFileURL(local).href;
  await mkdir(join(local, 'plan/p/documents'), { recursive: true });
  const database = await openDuckDb({ directory: join(local, 'duckdb') });
  const shards = ends.map((end, i) => ({ start: ends[i - 1] ?? 0, end, sha256: `shard ${i}` }));
  for (const [shard, { start, end }] of shards.entries()) {
    const values = texts
      .slice(start, end)
      .map((text, i) => `(${start + i}, 'id${start + i}', ${sqlText(text)}, ${rows[start + i]})`)
      .join(', ');
    const path = join(local, `plan/p/documents/${String(shard).padStart(5, '0')}.parquet`);
    await database.connection.run(
      `COPY (SELECT * FROM (VALUES ${values}) t(document, id, text, row) ORDER BY document) TO ${sqlText(path)}`,
    );
  }
  database.close();
  const job = jobSchema.parse({ name: 'j', input: { format: 'beir', path: 'file:///in' }, model });
  const document = {
    job,
    plan: { documentShards: shards, queryShards: [] },
    planKey: 'p',
    model: await describeModel(context(), job.model),
  } as unknown as RunDocument;
  await mkdir(join(local, `run/${run}`), { recursive: true });
  await writeFile(join(local, `run/${run}/run.json`), JSON.stringify(document));
  return { cache, run, document };
}

async function embedShard({ cache, run, document }: Planned, shard: number, signal?: AbortSignal) {
  const result = await embed(context(signal), { cache, run, side: 'document', shard });
  const bytes = (name: string) => readFile(fileURLToPath(`${result.output.uri}/${name}`));
  const vectors = decodeNpy<Float32Array>(await bytes('vectors.npy'), 'vectors.npy');
  const hashes = decodeNpy<Uint8Array>(await bytes('hashes.npy'), 'hashes.npy');
  const { figures } = await readDone(context(), cache, 'embed', embedKey(document, 'document', shard));
  return { result, vectors, hashes, figures };
}

describe('with the bundled model', () => {
  const model = { kind: 'generator', path: 'bundled:quarry-mini', maxLength: 96 };

  test('writes unit vectors, content hashes and counts, and is done the second time', async () => {
    const planned = await plan(model, [TEXTS.length]);
    const { result, vectors, hashes, figures } = await embedShard(planned, 0);
    expect(result).toMatchObject({ reused: false, output: { rows: TEXTS.length } });
    expect(vectors.shape).toEqual([TEXTS.length, 256]);
    for (let row = 0; row < TEXTS.length; row++) {
      const vector = vectors.data.subarray(row * 256, (row + 1) * 256);
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
      const hash = createHash('sha256').update(TEXTS[row]!).digest();
      expect(Buffer.from(hashes.data.subarray(row * 32, (row + 1) * 32))).toEqual(hash);
    }
    expect(figures).toMatchObject({ rows: TEXTS.length, truncated: 1, oneRowAtATime: false });
    expect(figures.tokens).toBeGreaterThan(TEXTS.length * 30);
    expect((await embedShard(planned, 0)).result.reused).toBe(true);
  });

  test('gives the same bytes in other shards', async () => {
    const whole = (await embedShard(await plan(model, [6]), 0)).vectors.data;
    const cut = await plan(model, [2, 6]);
    const parts = [await embedShard(cut, 0), await embedShard(cut, 1)].flatMap(({ vectors }) => [
      ...vectors.data,
    ]);
    expect(Float32Array.from(parts)).toEqual(whole);
  });

  test('stops between batches when it is aborted, and the pool goes on', async () => {
    const texts = Array.from({ length: 3000 }, (_, i) => `text number ${i} `.repeat(1 + (i % 9)));
    const planned = await plan(model, [texts.length], [...texts.keys()], texts);
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error('no longer wanted')), 500);
    const started = performance.now();
    await expect(embedShard(planned, 0, abort.signal)).rejects.toThrow('no longer wanted');
    expect(performance.now() - started).toBeLessThan(10_000);
    expect((await embedShard(await plan(model, [1]), 0)).vectors.shape).toEqual([1, 256]);
  });

  test('refuses a model that is not the one of the plan, and a shard that is not what the plan says', async () => {
    const planned = await plan({ ...model, prompt: 'none' }, [2, 6]);
    const { document, cache, run } = planned;
    const other = { ...document, model: { ...document.model, sha256: 'other' } };
    await writeFile(fileURLToPath(`${cache}/run/${run}/run.json`), JSON.stringify(other));
    await expect(embedShard(planned, 0)).rejects.toMatchObject({ code: 'BadModel' });

    const shifted = await plan(model, [2, 6]);
    const wrong = { ...shifted.document, plan: { documentShards: [{ start: 1, end: 3, sha256: 'x' }] } };
    await writeFile(fileURLToPath(`${shifted.cache}/run/${shifted.run}/run.json`), JSON.stringify(wrong));
    await expect(embedShard(shifted, 0)).rejects.toMatchObject({
      code: 'BadArtefact',
      message: expect.stringMatching(/document 0 where 1 was expected/),
    });
  });
});

test('a device that is not there is refused with what to install, never replaced; nothing of the unit stays', async () => {
  const missing = process.platform === 'darwin' ? 'cuda' : 'coreml';
  const planned = await plan({ kind: 'generator', path: 'bundled:quarry-mini', device: missing }, [2]);
  await expect(embedShard(planned, 0)).rejects.toMatchObject({
    code: 'BadModel',
    message: expect.stringMatching(
      new RegExp(`^model\\.device: ${missing}: not usable on this machine: it needs`),
    ),
  });
  const unit = fileURLToPath(`${planned.cache}/embed/${embedKey(planned.document, 'document', 0)}`);
  expect(existsSync(join(unit, 'done.json'))).toBe(false);
  expect(existsSync(join(unit, 'vectors.npy'))).toBe(false);
});

describe('with given vectors', () => {
  const save = async (name: string, bytes: Uint8Array): Promise<string> => {
    await writeFile(join(directory, name), bytes);
    return pathToFileURL(join(directory, name)).href;
  };
  const given = async (data: Float32Array, shape: number[], more: Record<string, unknown> = {}) => {
    const uri = await save(`v${plans}.npy`, encodeNpy(data, shape));
    return { kind: 'vectors', queries: uri, documents: uri, ...more };
  };
  /** 100,000 rows, so that a shard's rows lie in several ranges; row r is (r + 1, 1). */
  const far = Float32Array.from({ length: 200_000 }, (_, i) => (i % 2 === 0 ? i / 2 + 1 : 1));
  const sources = [99_999, 0, 70_000, 3, 4, 50_000];

  test('takes the rows that the plan names, as they are or normalised', async () => {
    const raw = await plan(await given(far, [100_000, 2], { normalize: false }), [2, 6], sources);
    const expected = sources.flatMap((row) => [row + 1, 1]);
    expect([...(await embedShard(raw, 0)).vectors.data]).toEqual(expected.slice(0, 4));
    const { vectors, hashes, figures } = await embedShard(raw, 1);
    expect([...vectors.data]).toEqual(expected.slice(4));
    expect(hashes.shape).toEqual([4, 32]);
    expect(figures).toEqual({ rows: 4, tokens: 0, truncated: 0, oneRowAtATime: false });

    const normalised = await plan(await given(far, [100_000, 2]), [6], sources);
    const unit = (await embedShard(normalised, 0)).vectors.data;
    expect(unit[2]).toBeCloseTo(Math.SQRT1_2, 6);
    for (let row = 0; row < 6; row++)
      expect(Math.hypot(unit[2 * row]!, unit[2 * row + 1]!)).toBeCloseTo(1, 6);
  });

  test('reads float16', async () => {
    const halves = Uint16Array.from([0x3c00, 0x4000, 0x4200, 0x4400]);
    const header = npyHeader('<f2', [2, 2]);
    const uri = await save('half.npy', Buffer.concat([header, new Uint8Array(halves.buffer)]));
    const model = { kind: 'vectors', queries: uri, documents: uri, normalize: false };
    const planned = await plan(model, [2], [1, 0], ['a', 'b']);
    expect([...(await embedShard(planned, 0)).vectors.data]).toEqual([3, 4, 1, 2]);
  });

  const refusal = async (planned: Planned, message: RegExp) =>
    expect(embedShard(planned, 0)).rejects.toMatchObject({
      code: 'BadVectors',
      message: expect.stringMatching(message),
    });

  test('refuses a row that is not finite, and a file that is too short', async () => {
    const data = new Float32Array(12).fill(1);
    data[7] = Number.NaN;
    await refusal(await plan(await given(data, [6, 2]), [6]), /row 3, column 1 is NaN/);
    await refusal(await plan(await given(data, [3, 4]), [6]), /3 rows, but the input has a row 5/);
  });

  test('refuses rows of equal content with unequal vectors, and names both', async () => {
    const data = Float32Array.from([1, 0, 1, 1e-5, 0, 1]);
    const check = async (duplicates: Int32Array) => {
      const planned = await plan(await given(data, [3, 2]), [1], [0], ['a']);
      const path = fileURLToPath(`${planned.cache}/plan/p/duplicates-documents.npy`);
      await writeFile(path, encodeNpy(duplicates, [duplicates.length / 2, 2]));
      return planned;
    };
    expect((await embedShard(await check(Int32Array.of(0, 1)), 0)).vectors.shape).toEqual([1, 2]);
    await refusal(await check(Int32Array.of(0, 1, 0, 2)), /rows 0 and 2 .*equal content but unequal vectors/);
  });
});
