import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ownerMap } from '@quarry/activities/mining/owner-map';
import type { Pairs } from '@quarry/activities/mining/pairs';
import { createPool } from '@quarry/activities/pool/pool';
import { embedKey, mergeKey } from '@quarry/activities/stages/keys';
import { PLAN_FILES, type RunDocument } from '@quarry/activities/stages/run-document';
import type { StageContext } from '@quarry/activities/stages/stage-context';
import { memoised } from '@quarry/activities/stages/unit';
import { openStore } from '@quarry/activities/storage/open-store';
import type { JobInput, Range, RunRef } from '@quarry/workflows';
import { jobSchema } from '@quarry/workflows/job';

/** What the stages before mining put out, as whole arrays. */
export interface MiningInput {
  readonly pairs: Pairs;
  readonly documents: number;
  /** float32 [Q, dimension] */
  readonly vectors: Float32Array;
  readonly dimension: number;
  readonly k: number;
  /** int32 [Q, k] */
  readonly ids: Int32Array;
  /** float32 [Q, k] */
  readonly scores: Float32Array;
  /** float32 [P] */
  readonly positiveScores: Float32Array;
  /** int32 [Q, 2] */
  readonly self?: Int32Array;
  /** float32 [documents, dimension]; only where a stage compares documents */
  readonly documentVectors?: Float32Array;
  readonly mining: JobInput['mining'];
  /** Queries per shard. */
  readonly shardRows: number;
}

export interface MiningRun extends AsyncDisposable {
  readonly context: StageContext;
  readonly unit: RunRef;
  readonly run: RunDocument;
}

/** A cache as the stages before mining leave it, in a temporary directory that goes when the run is disposed of. */
export async function prepareMiningRun(input: MiningInput): Promise<MiningRun> {
  const directory = await mkdtemp(join(tmpdir(), 'quarry-mining-'));
  const pool = createPool({ threads: 2 });
  const context: StageContext = {
    openStore,
    scratch: join(directory, 'scratch'),
    pool,
    threads: 1,
    signal: new AbortController().signal,
    progress: () => {},
  };
  const unit = { cache: pathToFileURL(join(directory, 'cache')).href, run: 'mining' };
  const run = runDocument(input);
  const uri = `${unit.cache}/run/${unit.run}/run.json`;
  await openStore(uri).write(uri, new TextEncoder().encode(JSON.stringify(run)));
  await writePlan(context, unit, run, input);
  const { documentVectors, documents, dimension } = input;
  if (documentVectors) {
    await memoised(context, unit, 'embed', embedKey(run, 'document', 0), async (output) => {
      await output.writeNpy('vectors.npy', documentVectors, [documents, dimension]);
      return { rows: documents };
    });
  }
  for (const [shard, range] of run.plan.queryShards.entries()) {
    await writeShard(context, unit, run, input, shard, range);
  }
  const dispose = async (): Promise<void> => {
    await pool.close();
    await rm(directory, { recursive: true, force: true });
  };
  return { context, unit, run, [Symbol.asyncDispose]: dispose };
}

function runDocument(input: MiningInput): RunDocument {
  const { pairs, documents, dimension, k, shardRows } = input;
  const queries = pairs.queryPairs.length - 1;
  const queryShards = Array.from({ length: Math.ceil(queries / shardRows) }, (_, shard) => {
    const start = shard * shardRows;
    return { start, end: Math.min(start + shardRows, queries), sha256: `queries ${start}` };
  });
  const counts = [...pairs.queryPairs.subarray(1)].map((end, query) => end - pairs.queryPairs[query]!);
  return {
    runId: 'mining',
    job: jobSchema.parse({
      name: 'mining',
      input: { format: 'pairs', path: 'unused' },
      mining: input.mining,
    }),
    plan: {
      documents,
      queries,
      pairs: pairs.pairQuery.length,
      maxPositives: Math.max(...counts),
      documentShards: [{ start: 0, end: documents, sha256: 'documents' }],
      queryShards,
      fingerprints: { pairs: 'pairs', judgements: 'judgements' },
      inputs: [],
      quarantined: 0,
      unminedQueries: 0,
      unownedDocuments: 0,
    },
    planKey: 'plan',
    model: {
      kind: 'vectors',
      path: '',
      sha256: 'model',
      dimension,
      maxLength: 0,
      preprocessing: {},
      oneRowAtATime: false,
    },
    search: {
      engine: 'exact',
      k,
      retrieved: k,
      parts: [{ shards: { start: 0, end: 1 }, documents: { start: 0, end: documents } }],
      why: '',
    },
    versions: {},
  };
}

async function writePlan(
  context: StageContext,
  unit: RunRef,
  run: RunDocument,
  { pairs, documents, self }: MiningInput,
): Promise<void> {
  const { queries } = run.plan;
  const { ownerOffsets, ownerQuery } = ownerMap(pairs, documents);
  await memoised(context, unit, 'plan', run.planKey, async (output) => {
    await output.writeNpy(PLAN_FILES.pairQuery, pairs.pairQuery);
    await output.writeNpy(PLAN_FILES.pairDocument, pairs.pairDocument);
    await output.writeNpy(PLAN_FILES.pairRow, pairs.pairRow);
    await output.writeNpy(PLAN_FILES.pairRelevance, new Float32Array(pairs.pairQuery.length).fill(1));
    await output.writeNpy(PLAN_FILES.queryPairs, pairs.queryPairs);
    await output.writeNpy(PLAN_FILES.querySelf, self ?? new Int32Array(2 * queries).fill(-1), [queries, 2]);
    await output.writeNpy(PLAN_FILES.ownerOffsets, ownerOffsets);
    await output.writeNpy(PLAN_FILES.ownerQuery, ownerQuery);
    return { rows: documents };
  });
}

async function writeShard(
  context: StageContext,
  unit: RunRef,
  run: RunDocument,
  input: MiningInput,
  shard: number,
  { start, end }: Range,
): Promise<void> {
  const { vectors, dimension, k, ids, scores, positiveScores } = input;
  const { queryPairs } = input.pairs;
  const rows = end - start;
  await memoised(context, unit, 'embed', embedKey(run, 'query', shard), async (output) => {
    const part = vectors.subarray(start * dimension, end * dimension);
    await output.writeNpy('vectors.npy', part, [rows, dimension]);
    return { rows };
  });
  await memoised(context, unit, 'merge', mergeKey(run, shard), async (output) => {
    await output.writeNpy('ids.npy', ids.subarray(start * k, end * k), [rows, k]);
    await output.writeNpy('scores.npy', scores.subarray(start * k, end * k), [rows, k]);
    const part = positiveScores.subarray(queryPairs[start], queryPairs[end]);
    await output.writeNpy('positive-scores.npy', part);
    return { rows };
  });
}
