import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openModel } from '@quarry/activities/embedder/describe-model';
import type { EmbedFigures } from '@quarry/activities/embedder/embed-rows';
import { LoadedModel } from '@quarry/activities/embedder/loaded-model';
import type { EmbedInput } from '@quarry/activities/pool/kernels/embed';
import { createPool } from '@quarry/activities/pool/pool';
import { openStore } from '@quarry/activities/storage/open-store';
import { openDuckDb, sqlText } from '@quarry/activities/tables/duckdb';
import type { Job } from '@quarry/workflows';
import { shared } from '../support/shared-data.ts';
import { bareLoop } from './bare-loop.ts';
import { BENCH_SETS, textsOfSet } from './bench-sets.ts';

const ROUNDS = 5;
/** One: two that wait for each other measure what else runs on the machine. */
const THREADS = 1;

type Model = Exclude<Job['model'], { kind: 'vectors' }>;

/**
 * The embed kernel (Parquet in, tokens, batches, pooling, `.npy` out) against a loop that does nothing but run the same
 * padded batches on onnxruntime-node, in a worker thread with the same options. The model is loaded, and every batch has
 * been run once, before either is timed. In turn; the ratios are medians over the rounds, of wall time and of CPU time
 * (which other load on the machine changes less; tokenising in a thread beside the sessions saves only the former).
 */
export async function benchEmbedding(): Promise<Record<string, unknown>> {
  const directory = shared('data/models/all-MiniLM-L6-v2');
  if (directory === null) return {};
  const model = {
    kind: 'encoder',
    path: directory,
    file: 'onnx/model.onnx',
    queryPrefix: '',
    documentPrefix: '',
  } as const;
  return { scifact: await kernelAgainstLoop(model, textsOfSet('scifact')!.slice(0, 300)) };
}

/** The same for the bundled generator, whose texts go through two graphs. */
export async function benchGenerator(): Promise<Record<string, unknown>> {
  const figures: Record<string, unknown> = {};
  const model = { kind: 'generator', path: 'bundled:quarry-mini', prompt: 'hierarchical' } as const;
  for (const set of BENCH_SETS.slice(0, 3)) {
    const texts = textsOfSet(set)?.slice(0, set === 'scifact' ? 160 : 1000);
    if (texts) figures[set] = await kernelAgainstLoop(model, texts);
  }
  return figures;
}

async function kernelAgainstLoop(model: Model, texts: readonly string[]): Promise<Record<string, number>> {
  const scratch = await mkdtemp(join(tmpdir(), 'quarry-bench-'));
  const pool = createPool({ threads: 1 });
  try {
    const parquet = join(scratch, 'documents.parquet');
    await writeShard(scratch, parquet, texts);
    const { settings, identity } = await openModel({ openStore, scratch, pool, threads: THREADS }, model);
    const input: EmbedInput = {
      settings,
      modelSha256: identity.sha256,
      threads: THREADS,
      side: 'document',
      parquet,
      imageRoot: pathToFileURL(scratch).href,
      first: 0,
      target: {
        vectors: join(scratch, 'vectors.npy'),
        hashes: join(scratch, 'hashes.npy'),
        rows: texts.length,
      },
      directory: join(scratch, 'duckdb'),
    };
    const signal = new AbortController().signal;
    const kernel = (): Promise<EmbedFigures> => pool.run({ kernel: 'embed', input, signal });
    const loaded = await LoadedModel.load(settings, THREADS);
    const loop = await bareLoop(loaded, texts, THREADS);
    await loaded.release();
    const rounds: { readonly kernel: Spent; readonly bare: Spent }[] = [];
    const { tokens } = await kernel();
    for (let round = 0; round < ROUNDS; round++)
      rounds.push({ bare: await spent(loop.run), kernel: await spent(kernel) });
    await loop.close();
    return {
      texts: texts.length,
      tokens,
      threads: THREADS,
      kernelTextsPerSecond: texts.length / median(rounds.map((round) => round.kernel.wall)),
      bareTextsPerSecond: texts.length / median(rounds.map((round) => round.bare.wall)),
      ratio: median(rounds.map(({ bare, kernel: own }) => bare.wall / own.wall)),
      ratioOfCpu: median(rounds.map(({ bare, kernel: own }) => bare.cpu / own.cpu)),
    };
  } finally {
    await pool.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

async function writeShard(scratch: string, parquet: string, texts: readonly string[]): Promise<void> {
  const { connection, close } = await openDuckDb({ directory: join(scratch, 'write') });
  await connection.run('CREATE TABLE shard (document INTEGER, id VARCHAR, text VARCHAR, row BIGINT)');
  const appender = await connection.createAppender('shard');
  for (const [i, text] of texts.entries()) {
    appender.appendInteger(i);
    appender.appendVarchar(String(i));
    appender.appendVarchar(text);
    appender.appendBigInt(BigInt(i));
    appender.endRow();
  }
  appender.closeSync();
  await connection.run(
    `COPY (SELECT * FROM shard ORDER BY document) TO ${sqlText(parquet)} (FORMAT parquet)`,
  );
  close();
}

interface Spent {
  /** Seconds. */
  readonly wall: number;
  /** Seconds of all threads of this process. */
  readonly cpu: number;
}

async function spent(work: () => Promise<unknown>): Promise<Spent> {
  const before = process.cpuUsage();
  const start = performance.now();
  await work();
  const wall = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { wall, cpu: (user + system) / 1e6 };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
