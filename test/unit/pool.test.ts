import { createPool, type Pool } from '@quarry/activities/pool/pool';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

interface ProbeInput {
  readonly blockMs?: number;
  readonly obeys?: boolean;
  readonly fail?: 'quarry' | 'plain' | 'die';
}

interface ProbeOutput {
  readonly threadId: number;
  readonly turns: number;
  readonly bytes: Float32Array;
}

let pool: Pool;

beforeEach(() => {
  pool = createPool({ threads: 2, kernels: new URL('./pool-kernels/', import.meta.url).href });
});

afterEach(() => pool.close());

function probe(
  input: ProbeInput = {},
  more: { affinity?: string; signal?: AbortSignal; onProgress?: (done: number, total: number) => void } = {},
): Promise<ProbeOutput> {
  const signal = new AbortController().signal;
  return pool.run<ProbeInput, ProbeOutput>({ kernel: 'probe', input, signal, ...more });
}

describe('the pool of worker threads', () => {
  it('keeps the main thread free while a kernel blocks its own for a second', async () => {
    await probe();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 10);
    await probe({ blockMs: 1000 });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(50);
  });

  it('runs as many calls at once as it has threads, and the others afterwards', async () => {
    const outputs = await Promise.all([1, 2, 3, 4, 5].map(() => probe({ blockMs: 50 })));
    expect(new Set(outputs.map(({ threadId }) => threadId)).size).toBe(2);
  });

  it('prefers the thread that served the same affinity last', async () => {
    const [a, b] = await Promise.all([
      probe({ blockMs: 50 }, { affinity: 'a' }),
      probe({ blockMs: 50 }, { affinity: 'b' }),
    ]);
    expect(a.threadId).not.toBe(b.threadId);
    for (let i = 0; i < 3; i++) {
      expect((await probe({}, { affinity: 'b' })).threadId).toBe(b.threadId);
      expect((await probe({}, { affinity: 'a' })).threadId).toBe(a.threadId);
    }
  });

  it('takes another idle thread where the preferred one is busy', async () => {
    const { threadId } = await probe({}, { affinity: 'a' });
    const busy = probe({ blockMs: 300 }, { affinity: 'a' });
    expect((await probe({}, { affinity: 'a' })).threadId).not.toBe(threadId);
    await busy;
  });

  it('brings typed arrays back', async () => {
    expect((await probe()).bytes).toEqual(new Float32Array([1, 2, 3]));
  });

  it('passes progress on at most ten times a second', async () => {
    const seen: number[] = [];
    const { turns } = await probe({ blockMs: 500 }, { onProgress: (done) => seen.push(done) });
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.length).toBeLessThan(8);
    expect(turns).toBeGreaterThan(100);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  it('keeps the code of a QuarryError, and the name of any other', async () => {
    await expect(probe({ fail: 'quarry' })).rejects.toMatchObject({
      name: 'QuarryError',
      code: 'BadVectors',
      message: 'row 3 of a.npy is not finite',
    });
    await expect(probe({ fail: 'plain' })).rejects.toMatchObject({ name: 'TypeError', message: 'not that' });
  });

  it('rejects the call of a thread that dies with a plain error, and goes on with a new one', async () => {
    await expect(probe({ fail: 'die' }, { affinity: 'a' })).rejects.toThrow(
      /worker thread ended.*exit code 7/,
    );
    await expect(probe({ fail: 'die' })).rejects.not.toHaveProperty('code');
    const outputs = await Promise.all([1, 2, 3].map(() => probe({ blockMs: 20 }, { affinity: 'a' })));
    expect(outputs).toHaveLength(3);
  });

  it('ends an obedient kernel at once on abort and keeps its thread', async () => {
    const { threadId } = await probe({}, { affinity: 'a' });
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error('no longer wanted')), 100);
    const started = performance.now();
    const call = probe({ blockMs: 60_000, obeys: true }, { affinity: 'a', signal: abort.signal });
    await expect(call).rejects.toThrow('no longer wanted');
    expect(performance.now() - started).toBeLessThan(1500);
    expect((await probe({}, { affinity: 'a' })).threadId).toBe(threadId);
  });

  it('ends the thread of a kernel that does not obey, after a grace, and replaces it', async () => {
    const { threadId } = await probe({}, { affinity: 'a' });
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error('no longer wanted')), 100);
    const started = performance.now();
    const call = probe({ blockMs: 60_000 }, { affinity: 'a', signal: abort.signal });
    await expect(call).rejects.toThrow('no longer wanted');
    expect(performance.now() - started).toBeGreaterThan(1900);
    expect(performance.now() - started).toBeLessThan(6000);
    const outputs = await Promise.all([1, 2, 3, 4].map(() => probe({ blockMs: 50 })));
    expect(outputs.map((output) => output.threadId)).not.toContain(threadId);
    expect(new Set(outputs.map((output) => output.threadId)).size).toBe(2);
  });

  it('takes a call out of the queue on abort', async () => {
    const busy = [probe({ blockMs: 400 }), probe({ blockMs: 400 })];
    const abort = new AbortController();
    const waiting = probe({}, { signal: abort.signal });
    abort.abort(new Error('no longer wanted'));
    await expect(waiting).rejects.toThrow('no longer wanted');
    await Promise.all(busy);
  });

  it('refuses an unknown kernel and a closed pool', async () => {
    const signal = new AbortController().signal;
    await expect(pool.run({ kernel: 'nothing', input: null, signal })).rejects.toThrow(/nothing\.js/);
    await pool.close();
    await expect(probe()).rejects.toThrow('the pool of worker threads is closed');
  });

  it('rejects calls in flight when it is closed', async () => {
    const call = probe({ blockMs: 60_000 });
    const refused = expect(call).rejects.toThrow('the worker thread was ended');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await pool.close();
    await refused;
  });
});
