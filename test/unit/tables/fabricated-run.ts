import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { MiningTally } from '@quarry/activities/mining/mining-tally';
import { emptyRetrieval } from '@quarry/activities/mining/retrieval-metrics';
import { createPool } from '@quarry/activities/pool/pool';
import { clusterKey, filterKey, measureRecallKey, mergeKey } from '@quarry/activities/stages/keys';
import { PLAN_FILES, type RunDocument, shardFile } from '@quarry/activities/stages/run-document';
import type { StageContext } from '@quarry/activities/stages/stage-context';
import { memoised, type UnitOutput } from '@quarry/activities/stages/unit';
import { openStore as open } from '@quarry/activities/storage/open-store';
import type { Store } from '@quarry/activities/storage/store';
import type { RunRef } from '@quarry/workflows';
import { jobSchema } from '@quarry/workflows/job';
import { candidate, type JudgedShard, judgeShard } from './fabricated-verdicts.ts';

/** A small run whose upstream stages' artefacts are written as the stages write them, so that the outputs can be tested alone. */
export interface Fabricated {
  readonly context: StageContext;
  readonly unit: RunRef;
  readonly run: RunDocument;
  /** Local directory of the output. */
  readonly directory: string;
  /** Ids of the kept negatives by query, in order. */
  readonly kept: readonly (readonly number[])[];
}

export interface Fabrication {
  readonly strategy?: 'margin' | 'saha';
  readonly queries?: number;
  readonly documents?: number;
  readonly k?: number;
  /** Queries of a shard; documents alike. */
  readonly shardRows?: number;
  readonly compression?: 'snappy' | 'zstd';
  readonly numNegatives?: number;
  readonly threads?: number;
  readonly tables?: ('triplet' | 'n-tuple' | 'clusters' | 'candidates')[];
  readonly text?: (side: 'query' | 'document', row: number) => string;
  /** Places kept of a query; default: every third place from its number on, three at most. */
  readonly keep?: (query: number, k: number) => number[];
  /** Root of the output and the cache; default a new temporary directory. */
  readonly root?: string;
  /** Default: the file system, and S3 as the environment says. */
  readonly openStore?: (uri: string) => Store;
}

/** Every query has one pair, with document 2q (query 0 a second one, document 1, if there are two pairs' worth). */
export async function fabricateRun(options: Fabrication = {}): Promise<Fabricated> {
  const { strategy = 'margin', queries = 40, documents = 100, k = 7, shardRows = 16, threads = 2 } = options;
  const { numNegatives = 3, compression = 'snappy', openStore = open } = options;
  const text = options.text ?? ((side, row) => `${side} number ${row}`);
  const keep = options.keep ?? ((query, n) => [0, 3, 6].map((i) => (i + query) % n).filter((p) => p > 0));
  const local = await mkdtemp(join(tmpdir(), 'quarry-tables-'));
  const root = options.root ?? pathToFileURL(local).href;
  const job = jobSchema.parse({
    name: 'fabricated',
    input: { format: 'pairs', path: 'file:///nowhere/pairs.jsonl' },
    model: { kind: 'vectors', queries: 'file:///q.npy', documents: 'file:///d.npy' },
    mining: { strategy, numNegatives },
    output: { path: root, compression, ...(options.tables && { tables: options.tables }) },
  });
  const shards = (rows: number): { start: number; end: number; sha256: string }[] =>
    Array.from({ length: Math.max(1, Math.ceil(rows / shardRows)) }, (_, i) => ({
      start: i * shardRows,
      end: Math.min(rows, (i + 1) * shardRows),
      sha256: `rows ${rows} shard ${i} of ${shardRows}`,
    }));
  const run: RunDocument = {
    runId: 'fabricated-0123456789ab',
    job,
    plan: {
      documents,
      queries,
      pairs: queries,
      maxPositives: 1,
      documentShards: shards(documents),
      queryShards: shards(queries),
      fingerprints: { documents: 'd', queries: 'q', pairs: 'p', judgements: 'j' },
      inputs: [
        { name: 'pairs', uri: 'file:///nowhere/pairs.jsonl', rows: queries, duplicates: 0, quarantined: 0 },
      ],
      quarantined: 0,
      unminedQueries: 0,
      unownedDocuments: documents - queries,
    },
    planKey: `plan-${shardRows}`,
    model: {
      kind: 'vectors',
      path: 'file:///q.npy',
      sha256: 'model',
      dimension: 8,
      maxLength: 0,
      preprocessing: {},
      oneRowAtATime: false,
    },
    search: {
      engine: 'exact',
      k,
      retrieved: k,
      parts: [
        { shards: { start: 0, end: shards(documents).length }, documents: { start: 0, end: documents } },
      ],
      why: 'fabricated',
    },
    versions: { quarry: '0.1.0' },
  };
  const scratch = join(local, 'scratch');
  const context: StageContext = {
    openStore,
    scratch,
    pool: createPool({ threads: 1 }),
    threads,
    signal: new AbortController().signal,
    progress: () => undefined,
  };
  const unit: RunRef = { cache: `${root}/cache`, run: `run-${shardRows}-${threads}-${strategy}` };
  const store = openStore(root);
  await store.write(`${unit.cache}/run/${unit.run}/run.json`, new TextEncoder().encode(JSON.stringify(run)));
  await memoised(context, unit, 'plan', run.planKey, async (output) => {
    await writePlan(output, run, text);
    return { rows: queries };
  });
  const kept: number[][] = [];
  const judged: JudgedShard[] = [];
  for (const [shard, { start, end }] of run.plan.queryShards.entries()) {
    const made = judgeShard(start, end, documents, k, numNegatives, keep);
    judged.push(made);
    kept.push(...made.keptIds);
    await memoised(context, unit, 'merge', mergeKey(run, shard), async (output) => {
      await output.writeNpy('ids.npy', made.ids, [end - start, k]);
      await output.writeNpy('scores.npy', made.scores, [end - start, k]);
      await output.writeNpy(
        'positive-scores.npy',
        made.scores.filter((_, at) => at % k === 0),
      );
      return {
        rows: end - start,
        figures: { retrieval: { default: { ...emptyRetrieval(), queries: end - start, 'hit@1': 1 } } },
      };
    });
    await memoised(context, unit, 'filter', filterKey(run, shard), async (output) => {
      await output.writeNpy('reason.npy', made.reasons, [end - start, k]);
      await output.writeNpy('kept.npy', made.kept, [end - start, made.keptWidth]);
      await output.writeNpy('pair.npy', made.pair);
      return { rows: end - start, figures: { ...made.tally.figures() } };
    });
  }
  if (strategy === 'saha') await writeCluster(context, unit, run, judged);
  await memoised(context, unit, 'measureRecall', measureRecallKey(run), async () => ({
    rows: 10,
    figures: { engine: 'exact', sample: 10, k, recallAtK: 1, recallAt10: 1, low: 1, high: 1 },
  }));
  return { context, unit, run, directory: local, kept };
}

async function writePlan(
  output: UnitOutput,
  { plan }: RunDocument,
  text: (side: 'query' | 'document', row: number) => string,
): Promise<void> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const table = async (side: 'query' | 'document', rows: number): Promise<void> => {
    await connection.run(`CREATE TABLE ${side} (${side} INTEGER, id VARCHAR, text VARCHAR, row BIGINT)`);
    const appender = await connection.createAppender(side);
    for (let row = 0; row < rows; row++) {
      appender.appendInteger(row);
      appender.appendVarchar(`${side[0]}-${row}`);
      appender.appendVarchar(text(side, row));
      appender.appendBigInt(BigInt(row));
      appender.endRow();
    }
    appender.closeSync();
    const shards = side === 'query' ? plan.queryShards : plan.documentShards;
    for (const [shard, { start, end }] of shards.entries()) {
      const path = await output.path(shardFile(side === 'query' ? 'queries' : 'documents', shard));
      await connection.run(
        `COPY (SELECT * FROM ${side} WHERE ${side} >= ${start} AND ${side} < ${end} ORDER BY ${side}) TO '${path}' (FORMAT parquet)`,
      );
    }
  };
  await table('query', plan.queries);
  await table('document', plan.documents);
  connection.closeSync();
  instance.closeSync();
  const each = (map: (i: number) => number): Int32Array =>
    Int32Array.from({ length: plan.queries }, (_, i) => map(i));
  await output.writeNpy(
    PLAN_FILES.pairQuery,
    each((i) => i),
  );
  await output.writeNpy(
    PLAN_FILES.pairDocument,
    each((i) => (2 * i) % plan.documents),
  );
  await output.writeNpy(PLAN_FILES.pairRelevance, new Float32Array(plan.queries).fill(1));
  await output.writeNpy(
    PLAN_FILES.queryPairs,
    Int32Array.from({ length: plan.queries + 1 }, (_, i) => i),
  );
  const judged = [...Array(plan.queries).keys()].filter((query) => query % 5 === 0);
  await output.writeNpy(
    PLAN_FILES.judged,
    Int32Array.from(judged.flatMap((query) => [query, candidate(query, 1, plan.documents)])),
    [judged.length, 2],
  );
  await output.writeNpy(PLAN_FILES.judgedRelevance, new Float32Array(judged.length));
}

/** Two queries make a cluster: the even one anchors it, the odd one is its member. */
async function writeCluster(
  context: StageContext,
  unit: RunRef,
  run: RunDocument,
  judged: readonly JudgedShard[],
): Promise<void> {
  await memoised(context, unit, 'cluster', clusterKey(run, 0), async (output) => {
    const members = run.plan.queries;
    const rows = Int32Array.from({ length: members * 4 }, (_, i) => {
      const row = Math.floor(i / 4);
      return [Math.floor(row / 2), row % 2, row, 1][i % 4]!;
    });
    await output.writeNpy('clusters.npy', rows, [members, 4]);
    const total = new MiningTally(run.job.mining.numNegatives);
    const shards = [];
    for (const [shard, made] of judged.entries()) {
      const number = String(shard).padStart(5, '0');
      const { start, end } = run.plan.queryShards[shard]!;
      const k = run.search.k;
      const owners = Int32Array.from({ length: (end - start) * k }, (_, i) =>
        (start * k + i) % 3 === 0 ? -1 : (start * k + i) % run.plan.queries,
      );
      await output.writeNpy(`reason-${number}.npy`, made.reasons, [end - start, k]);
      await output.writeNpy(`kept-${number}.npy`, made.kept, [end - start, made.keptWidth]);
      await output.writeNpy(`pair-${number}.npy`, made.pair);
      await output.writeNpy(`owner-${number}.npy`, owners, [end - start, k]);
      await output.writeNpy(
        `owner-score-${number}.npy`,
        Float32Array.from(owners, (o) => (o < 0 ? Number.NaN : o / 1000)),
        [end - start, k],
      );
      shards.push(made.tally.figures().rows);
      for (let i = 0; i < end - start; i++) {
        total.add({
          query: start + i,
          documents: made.ids.subarray(i * k, (i + 1) * k),
          scores: made.scores.subarray(i * k, (i + 1) * k),
          reasons: made.reasons.subarray(i * k, (i + 1) * k),
          kept: made.keptIds[i]!.length,
          pair: -1,
          positiveScores: made.scores.slice(i * k, i * k + 1),
        });
      }
    }
    const clusters = members / 2;
    const made = { clusters, phases: [clusters, 0], members: clusters, sizeHistogram: { 2: clusters } };
    return {
      rows: members,
      figures: { ...total.figures(), ...made, clusterRows: members, unownedShare: 0, shards },
    };
  });
}
