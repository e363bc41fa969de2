import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { openModel } from '@quarry/activities/embedder/describe-model';
import type { EmbedFigures } from '@quarry/activities/embedder/embed-rows';
import type { ModelSettings } from '@quarry/activities/embedder/model-settings';
import { ShapedBatches } from '@quarry/activities/embedder/shaped-batches';
import { TextTokenizer } from '@quarry/activities/embedder/tokenizer';
import type { EmbedInput } from '@quarry/activities/pool/kernels/embed';
import { createPool } from '@quarry/activities/pool/pool';
import { openStore } from '@quarry/activities/storage/open-store';
import { openDuckDb, sqlText } from '@quarry/activities/tables/duckdb';
import { shared } from '../support/shared-data.ts';

const ROUNDS = 3;
const THREADS = 2;

/**
 * MiniLM over SciFact documents: the embed kernel (Parquet in, tokens, batches, pooling, `.npy` out) against a loop that
 * does nothing but run the same batches on onnxruntime-node, in a worker thread with the same options. In turn; medians.
 */
export async function benchEmbedding(documents = 300): Promise<Record<string, number>> {
  const directory = shared('data/models/all-MiniLM-L6-v2');
  const corpus = shared('data/scifact/corpus.jsonl');
  if (directory === null || corpus === null) return {};
  const scratch = await mkdtemp(join(tmpdir(), 'quarry-bench-'));
  const pool = createPool({ threads: 1 });
  const bare = new Worker(new URL('./bare-onnxruntime.mjs', import.meta.url));
  try {
    const texts = readDocuments(corpus, documents);
    const parquet = join(scratch, 'documents.parquet');
    await writeShard(scratch, parquet, texts);
    const context = { openStore, scratch, pool, threads: THREADS };
    const model = {
      kind: 'encoder',
      path: directory,
      file: 'onnx/model.onnx',
      queryPrefix: '',
      documentPrefix: '',
    } as const;
    const { settings, identity } = await openModel(context, model);
    const input: EmbedInput = {
      settings,
      modelSha256: identity.sha256,
      threads: THREADS,
      side: 'document',
      parquet,
      imageRoot: pathToFileURL(directory).href,
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
    const loop = await bareLoop(bare, settings, texts);

    const seconds = { kernel: [] as number[], bare: [] as number[] };
    await kernel();
    let figures: EmbedFigures | undefined;
    for (let round = 0; round < ROUNDS; round++) {
      seconds.bare.push(await timed(loop));
      seconds.kernel.push(await timed(async () => (figures = await kernel())));
    }
    const kernelRate = texts.length / median(seconds.kernel);
    const bareRate = texts.length / median(seconds.bare);
    return {
      documents: texts.length,
      tokens: figures!.tokens,
      threads: THREADS,
      kernelDocumentsPerSecond: kernelRate,
      bareDocumentsPerSecond: bareRate,
      ratio: kernelRate / bareRate,
    };
  } finally {
    await bare.terminate();
    await pool.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

function readDocuments(corpus: string, count: number): string[] {
  const lines = readFileSync(corpus, 'utf8').split('\n').slice(0, count);
  return lines.map((line) => {
    const { title, text } = JSON.parse(line) as { title: string; text: string };
    return title === '' ? text : `${title} ${text}`;
  });
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

/** Prepares the same batches beforehand; each call runs them all. */
async function bareLoop(
  worker: Worker,
  settings: ModelSettings,
  texts: readonly string[],
): Promise<() => Promise<void>> {
  const tokenizer = await TextTokenizer.load(settings.directory);
  const shaped = new ShapedBatches(settings.maxLength, false);
  const full = texts.map((text) => shaped.add(tokenizer.encodeWithin(text, settings.maxLength)));
  const batches = [...full.filter((batch) => batch !== null), ...shaped.rest()];
  const ask = (message: unknown): Promise<void> =>
    new Promise((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.once('error', reject);
      worker.postMessage(message);
    });
  await ask({ graph: join(settings.directory, settings.graph), threads: THREADS, batches });
  return () => ask('run');
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
