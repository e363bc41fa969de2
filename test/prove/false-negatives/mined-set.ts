import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readVectors, type Vectors } from '@quarry/activities/index/vectors';
import { calibrateKey, embedKey, hubnessKey, pairVectorsKey } from '@quarry/activities/stages/keys';
import type { RunDocument } from '@quarry/activities/stages/run-document';
import { openDuckDb } from '@quarry/activities/tables/duckdb';
import { decodeNpy } from '@quarry/activities/tables/npy';
import type { JobInput, Side } from '@quarry/workflows';
import { quarryCommand } from '../quarry-command.ts';
import { writeTrainingSet } from '../training/training-set.ts';
import type { ProofSet } from './sets.ts';

/** Where proofs keep what they have done, and what they mine with. */
export interface Workplace {
  readonly directory: string;
  readonly model: JobInput['model'];
  /** A short name for the model, for directories. */
  readonly name: string;
}

/** What the product's stages made of a set: everything that the proof compares comes from here. */
export interface MinedSet {
  readonly queries: Texts;
  readonly documents: Texts;
  /** Hubness by retrieval score. */
  readonly hubness: HubnessOf;
  /** The pair rule with the owners' word where the run takes it, and without. */
  readonly pair: PairOf;
  readonly pairAlone: PairOf;
}

/** One side: dense ids, texts and vectors. */
export interface Texts {
  readonly ids: readonly string[];
  readonly texts: readonly string[];
  readonly vectors: Vectors;
}

interface HubnessOf {
  readonly queries: Float32Array;
  readonly documents: Float32Array;
}

export interface PairOf extends HubnessOf {
  readonly queryVectors: Vectors;
  readonly documentVectors: Vectors;
  /** The threshold that the run found by itself. */
  readonly above: number;
}

/** Mines a set with strategy `best`, once with owners as the run decides and once without, and reads what the stages made. */
export async function mineSet(place: Workplace, name: string, set: ProofSet): Promise<MinedSet> {
  const folder = join(place.directory, 'sets', name);
  await writeTrainingSet(folder, { ...set, heldOut: { metric: 'accuracy', documents: [], queries: [] } });
  const own = await runOf(place, name, folder, 'auto');
  const alone = await runOf(place, name, folder, false);
  const { run, cache } = own;
  const hub = (of: 'score' | 'pair', from = own): Promise<HubnessOf> => hubnessOf(from.cache, from.run, of);
  return {
    queries: await textsOf(cache, run, 'query', place),
    documents: await textsOf(cache, run, 'document', place),
    hubness: await hub('score'),
    pair: await pairOf(own),
    pairAlone: await pairOf(alone),
  };
}

interface MinedRun {
  readonly cache: string;
  readonly run: RunDocument;
}

async function runOf(
  place: Workplace,
  name: string,
  folder: string,
  owners: 'auto' | false,
): Promise<MinedRun> {
  const cache = join(place.directory, 'cache');
  const job: JobInput = {
    name: `${name.toLowerCase()}-${place.name}`,
    input: { format: 'beir', path: folder },
    model: place.model,
    search: { engine: 'exact', recallSample: 10 },
    mining: {
      strategy: 'best',
      numNegatives: 10,
      filters: [
        { name: 'hubness', above: 1 },
        { name: 'pair', owners },
      ],
    },
    output: { path: join(place.directory, 'out'), tables: ['triplet'] },
    cache: pathToFileURL(cache).href,
  };
  const path = join(folder, `job-${owners}-${place.name}.json`);
  await mkdir(folder, { recursive: true });
  await writeFile(path, JSON.stringify(job, null, 2));
  const { runId } = await quarryCommand<{ runId: string }>(['mine', path], join(place.directory, 'home'));
  for (const hash of await readdir(join(cache, 'run'))) {
    const run = JSON.parse(await readFile(join(cache, 'run', hash, 'run.json'), 'utf8')) as RunDocument;
    if (run.runId === runId) return { cache, run };
  }
  throw new Error(`no run document of ${runId} lies in ${cache}`);
}

async function pairOf({ cache, run }: MinedRun): Promise<PairOf> {
  const vectors = (side: Side): Promise<Vectors> =>
    readVectors(
      shardsOf(run, side).map((_, shard) =>
        join(cache, 'pairVectors', pairVectorsKey(run, side, shard), 'vectors.npy'),
      ),
      run.model.dimension,
    );
  const done = await readFile(join(cache, 'calibrate', calibrateKey(run), 'done.json'), 'utf8');
  return {
    ...(await hubnessOf(cache, run, 'pair')),
    queryVectors: await vectors('query'),
    documentVectors: await vectors('document'),
    above: (JSON.parse(done) as { figures: { above: number } }).figures.above,
  };
}

async function hubnessOf(cache: string, run: RunDocument, of: 'score' | 'pair'): Promise<HubnessOf> {
  const read = async (name: string): Promise<Float32Array> => {
    const path = join(cache, 'hubness', hubnessKey(run, of), name);
    return decodeNpy<Float32Array>(await readFile(path), path).data;
  };
  return { queries: await read('queries.npy'), documents: await read('documents.npy') };
}

function shardsOf({ plan }: RunDocument, side: Side) {
  return side === 'query' ? plan.queryShards : plan.documentShards;
}

async function textsOf(cache: string, run: RunDocument, side: Side, place: Workplace): Promise<Texts> {
  const files = shardsOf(run, side).map((_, shard) =>
    join(cache, 'embed', embedKey(run, side, shard), 'vectors.npy'),
  );
  const table = side === 'query' ? 'queries' : 'documents';
  const { connection, close } = await openDuckDb({ directory: join(place.directory, 'duckdb') });
  try {
    const glob = join(cache, 'plan', run.planKey, table, '*.parquet');
    const result = await connection.runAndReadAll(`SELECT id, text FROM '${glob}' ORDER BY ${side}`);
    const rows = result.getRows() as [string, string][];
    return {
      ids: rows.map(([id]) => id),
      texts: rows.map(([, text]) => text),
      vectors: await readVectors(files, run.model.dimension),
    };
  } finally {
    close();
  }
}
