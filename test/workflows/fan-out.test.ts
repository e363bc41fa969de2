import { fileURLToPath } from 'node:url';
import type { MiningResult, Planned, Progress, Stages, UnitResult } from '@quarry/workflows';
import { jobSchema } from '@quarry/workflows/job';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';

/**
 * The workflow alone, on a real server: in which order, how many at once, how large its histories grow. The stages here
 * only count: what they really do is proved elsewhere.
 */
const { address } = inject('temporal');
let bundle: WorkflowBundleWithSourceMap;
let connection: Connection;
let native: NativeConnection;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('WARN') });
  const workflowsPath = fileURLToPath(import.meta.resolve('@quarry/workflows/workflow-bundle'));
  bundle = await bundleWorkflowCode({ workflowsPath });
  connection = await Connection.connect({ address });
  native = await NativeConnection.connect({ address });
});
afterAll(async () => {
  await connection?.close();
  await native?.close();
});

const job = jobSchema.parse({ name: 'fan-out', input: { format: 'beir', path: 'file:///nowhere' } });

function unit(): UnitResult {
  const now = Date.now();
  return {
    output: { uri: 'file:///cache/stage/0123456789abcdef', rows: 10, sha256: 'f'.repeat(64) },
    reused: false,
    started: now,
    ended: now + 1,
  };
}

/** Stages that only write down that they were called. */
function counting(plan: Partial<Planned>, calls: string[], override: Partial<Stages> = {}): Stages {
  const funnel = { candidates: 10, kept: 4, dropped: { self: 6 } };
  const counted = (name: string) => async () => {
    calls.push(name);
    return unit();
  };
  const planned: Planned = {
    cache: 'file:///cache',
    run: 'a'.repeat(32),
    runId: 'fan-out-000000000000',
    output: 'file:///out/runs/fan-out-000000000000',
    manifest: null,
    funnel: null,
    strategy: 'saha',
    documents: 1,
    queries: 1,
    pairs: 1,
    quarantined: 0,
    documentShards: 1,
    queryShards: 1,
    parts: 1,
    indexParts: 0,
    planned: unit(),
    ...plan,
  };
  const names = [
    'index',
    'search',
    'scoreGiven',
    'merge',
    'measureRecall',
    'scoreOwners',
    'metric',
    'pairVectors',
    'comparePairs',
    'compareDocuments',
    'hubness',
    'survey',
    'calibrate',
    'rescore',
    'crossEncode',
    'judge',
    'filter',
    'cluster',
    'write',
  ] as const;
  const units = Object.fromEntries(names.map((name) => [name, counted(name)])) as Record<
    (typeof names)[number],
    () => Promise<UnitResult>
  >;
  return {
    ...units,
    plan: async () => planned,
    embed: async ({ side }) => counted(`embed ${side}`)(),
    arrange: async () => [{ table: 'triplet', rows: 10, parts: 1 }],
    report: async () => {
      calls.push('report');
      return { report: unit().output, funnel };
    },
    commit: async () => {
      calls.push('commit');
      return { manifest: { ...unit().output, uri: 'file:///out/_manifest.json' } };
    },
    ...override,
  };
}

async function run<T>(stages: Stages, use: (client: Client, queue: string) => Promise<T>): Promise<T> {
  const prefix = `test-${Math.random().toString(36).slice(2)}`;
  const common = { connection: native, maxConcurrentActivityTaskExecutions: 100 };
  const workers = await Promise.all([
    Worker.create({ connection: native, taskQueue: `${prefix}-workflows`, workflowBundle: bundle }),
    ...['gpu', 'cpu', 'io'].map((role) =>
      Worker.create({ ...common, taskQueue: `${prefix}-${role}`, activities: stages }),
    ),
  ]);
  const running = workers.map((worker) => worker.run());
  try {
    return await use(new Client({ connection }), `${prefix}-workflows`);
  } finally {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
  }
}

test('runs the stages of SaHa in the order of the paper and returns what was committed', async () => {
  const calls: string[] = [];
  const result: MiningResult = await run(counting({ indexParts: 1 }, calls), (client, taskQueue) =>
    client.workflow.execute('mineHardNegatives', {
      taskQueue,
      workflowId: `order-${taskQueue}`,
      args: [{ job }],
    }),
  );
  expect(calls.slice(0, 2).sort()).toEqual(['embed document', 'embed query']);
  expect(calls.slice(2, 8)).toEqual(['index', 'search', 'merge', 'scoreOwners', 'filter', 'cluster']);
  expect(calls.slice(8, 10).sort()).toEqual(['measureRecall', 'write']);
  expect(calls.slice(10)).toEqual(['report', 'commit']);
  expect(result).toMatchObject({
    runId: 'fan-out-000000000000',
    manifest: 'file:///out/_manifest.json',
    alreadyCommitted: false,
  });
  expect(result.stages.embed).toMatchObject({ units: 2, computed: 2, reused: 0, rows: 20 });
});

test.each([
  ['replace', []],
  ['join', ['index', 'search']],
] as const)('candidates that the input brings %s the search', async (given, searched) => {
  const calls: string[] = [];
  await run(counting({ indexParts: 1, strategy: 'margin', given }, calls), (client, taskQueue) =>
    client.workflow.execute('mineHardNegatives', {
      taskQueue,
      workflowId: `given-${given}-${taskQueue}`,
      args: [{ job }],
    }),
  );
  expect(calls.filter((call) => !call.startsWith('embed')).slice(0, -4)).toEqual([
    ...searched,
    'scoreGiven',
    'merge',
    'filter',
  ]);
});

test('candidates are scored anew before, and judges asked after anything looks at them, in the order of the chain', async () => {
  const calls: string[] = [];
  const plan = { strategy: 'margin', rescores: true, judges: ['judge', 'cross_encoder'] } as const;
  await run(counting(plan, calls), (client, taskQueue) =>
    client.workflow.execute('mineHardNegatives', {
      taskQueue,
      workflowId: `judges-${taskQueue}`,
      args: [{ job }],
    }),
  );
  expect(calls.slice(calls.indexOf('merge'), calls.indexOf('filter') + 1)).toEqual([
    'merge',
    'rescore',
    'judge',
    'crossEncode',
    'filter',
  ]);
});

test('ends at the manifest where the same run lies committed', async () => {
  const calls: string[] = [];
  const manifest = { uri: 'file:///there', rows: 0, sha256: '' };
  const stages = counting({ manifest, funnel: { candidates: 1, kept: 1, dropped: {} } }, calls);
  const result: MiningResult = await run(stages, (client, taskQueue) =>
    client.workflow.execute('mineHardNegatives', {
      taskQueue,
      workflowId: `again-${taskQueue}`,
      args: [{ job }],
    }),
  );
  expect(result).toMatchObject({ alreadyCommitted: true, manifest: 'file:///there' });
  expect(calls).toEqual([]);
});

test('a failure that nothing can mend ends the run at once, with its own words', async () => {
  const calls: string[] = [];
  const stages = counting({ queryShards: 5 }, calls, {
    merge: async () => {
      throw ApplicationFailure.nonRetryable('shard 3 has 384 dimensions', 'BadVectors');
    },
  });
  const failed = await run(stages, (client, taskQueue) =>
    client.workflow
      .execute('mineHardNegatives', { taskQueue, workflowId: `fails-${taskQueue}`, args: [{ job }] })
      .catch((error) => error),
  );
  expect(failed).toBeInstanceOf(WorkflowFailedError);
  expect(failed.cause.cause.message).toBe('shard 3 has 384 dimensions');
  expect(calls).not.toContain('filter');
});

async function expectSmallHistory(client: Client, id: string): Promise<number> {
  const history = await client.workflow.getHandle(id).fetchHistory();
  const events = history.events!.length;
  expect(events, id).toBeLessThan(4096);
  const payloads = JSON.stringify(history).match(/"data":"[^"]*"/g) ?? [];
  expect(payloads.length).toBeGreaterThan(0);
  for (const payload of payloads) expect(payload.length, id).toBeLessThan(2048 * 1.4);
  return events;
}

test('more than 200 units of a stage run in child workflows; payloads stay below 2 kB', async () => {
  const calls: string[] = [];
  const shards = 230;
  await run(counting({ queryShards: shards, strategy: 'margin' }, calls), async (client, taskQueue) => {
    const workflowId = `large-${taskQueue}`;
    const handle = await client.workflow.start('mineHardNegatives', {
      taskQueue,
      workflowId,
      args: [{ job }],
    });
    const result: MiningResult = await handle.result();
    for (const stage of ['search', 'merge', 'filter']) {
      expect(calls.filter((call) => call === stage)).toHaveLength(shards);
      expect(result.stages[stage]).toMatchObject({ units: shards, computed: shards, rows: shards * 10 });
    }
    const progress = await handle.query<Progress, []>('progress');
    for (const { stage, units, done } of progress.stages)
      expect(`${stage} ${done}`).toBe(`${stage} ${units}`);
    expect(await expectSmallHistory(client, workflowId)).toBeLessThan(300);
    for (const child of [0, 1]) await expectSmallHistory(client, `${workflowId}/search/${child}`);
  });
});

test('a child continues as new every 500 units, and its sums go on', async () => {
  const calls: string[] = [];
  await run(counting({}, calls), async (client, taskQueue) => {
    const workflowId = `chain-${taskQueue}`;
    const units = { stage: 'filter', count: 520 };
    const input = {
      run: { cache: 'file:///cache', run: 'a' },
      units,
      range: { start: 0, end: 520 },
      window: 50,
    };
    const tally = await client.workflow.execute('mineUnits', { taskQueue, workflowId, args: [input] });
    expect(tally).toMatchObject({ units: 520, computed: 520, rows: 5200 });
    expect(calls).toHaveLength(520);
    expect(await expectSmallHistory(client, workflowId)).toBeLessThan(300);
  });
});
