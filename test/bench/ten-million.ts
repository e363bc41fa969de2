import { link, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { randomStream } from '@quarry/activities/mining/random-stream';
import { createPool } from '@quarry/activities/pool/pool';
import { filter } from '@quarry/activities/stages/filter';
import { comparePairsKey, embedKey, hubnessKey, mergeKey } from '@quarry/activities/stages/keys';
import { PLAN_FILES, type RunDocument } from '@quarry/activities/stages/run-document';
import { scoreOwners } from '@quarry/activities/stages/score-owners';
import type { StageContext } from '@quarry/activities/stages/stage-context';
import { openStore } from '@quarry/activities/storage/open-store';
import { LocalNpyWriter } from '@quarry/activities/tables/local-npy';
import type { JobInput, StageName } from '@quarry/workflows';
import { jobSchema } from '@quarry/workflows/job';

const QUERIES = 10_000_000;
const K = 90;
const DIMENSION = 384;
export const SHARD_ROWS = 16_384;
/** Units at once: the slots of a cpu worker on two cores. */
const SLOTS = 2;
const PIECE = 1 << 20;

/**
 * Peak resident memory of one process that filters, samples and scores owners for a run of ten million queries with 90
 * candidates each, ten million documents, one owner each, 384 dimensions: some of its 611 query shards, each the same
 * candidates under another number (hard links), so that half a gigabyte of disk is enough. What a unit reads of the whole run (pairs,
 * owners, vectors of owners, hubness) is of full length.
 *
 * @param shards units of each stage; all 611 of owner scores take two hours of CPU
 */
export async function benchTenMillion({ shards = 4 } = {}): Promise<Record<string, unknown>> {
  const directory = await mkdtemp(join(tmpdir(), 'quarry-ten-million-'));
  const pool = createPool({ threads: SLOTS });
  const context: StageContext = {
    openStore,
    scratch: join(directory, 'scratch'),
    pool,
    threads: 1,
    signal: new AbortController().signal,
    progress: () => {},
  };
  const figures: Record<string, unknown> = {};
  const cases: readonly [string, NonNullable<JobInput['mining']>, boolean][] = [
    ['margin, random sampling', { strategy: 'margin', relativeMargin: 0.05, sampling: 'random' }, false],
    ['best', { strategy: 'best', filters: [{ name: 'pair', above: 0.3 }] }, false],
    ['saha, with owner scores', { strategy: 'saha' }, true],
  ];
  try {
    const files = await writeTemplates(directory);
    figures['before, MiB'] = peak();
    for (const [name, mining, owners] of cases) {
      const unit = { cache: pathToFileURL(join(directory, 'cache')).href, run: name.split(/\W/)[0]! };
      const run = runDocument(mining);
      const uri = `${unit.cache}/run/${unit.run}/run.json`;
      await openStore(uri).write(uri, new TextEncoder().encode(JSON.stringify(run)));
      await layOut(directory, files, run, shards);
      const started = process.cpuUsage();
      const peaks = [];
      for (let first = 0; first < shards; first += SLOTS) {
        const some = [...Array(Math.min(SLOTS, shards - first)).keys()].map((i) => ({
          ...unit,
          shard: first + i,
        }));
        if (owners) await Promise.all(some.map((one) => scoreOwners(context, one)));
        await Promise.all(some.map((one) => filter(context, one)));
        peaks.push(peak());
      }
      const { user, system } = process.cpuUsage(started);
      figures[name] = {
        shards,
        cpuSecondsOfAShard: (user + system) / 1e6 / shards,
        'peak MiB so far': peaks,
      };
    }
    return figures;
  } finally {
    await pool.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Of this process, since it began. */
function peak(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}

export function runDocument(mining: NonNullable<JobInput['mining']>): RunDocument {
  const shards = Array.from({ length: Math.ceil(QUERIES / SHARD_ROWS) }, (_, shard) => {
    const start = shard * SHARD_ROWS;
    return { start, end: Math.min(start + SHARD_ROWS, QUERIES), sha256: `rows ${start}` };
  });
  return {
    runId: 'ten-million',
    job: jobSchema.parse({ name: 'ten-million', input: { format: 'pairs', path: 'unused' }, mining }),
    plan: {
      documents: QUERIES,
      queries: QUERIES,
      pairs: QUERIES,
      maxPositives: 1,
      documentShards: shards,
      queryShards: shards,
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
      dimension: DIMENSION,
      maxLength: 0,
      preprocessing: {},
      oneRowAtATime: false,
    },
    search: {
      engine: 'exact',
      k: K,
      retrieved: K,
      parts: [{ shards: { start: 0, end: shards.length }, documents: { start: 0, end: QUERIES } }],
      why: '',
    },
    versions: {},
  };
}

/** Writes the plan, and one query shard's arrays; gives the paths of these by name. */
export async function writeTemplates(directory: string): Promise<Readonly<Record<string, string>>> {
  const plan = join(directory, 'cache', 'plan', 'plan');
  const templates = join(directory, 'templates');
  await mkdir(plan, { recursive: true });
  await mkdir(templates, { recursive: true });
  const other = (id: number): number => QUERIES - 1 - id;
  writeArray(join(plan, PLAN_FILES.pairDocument), QUERIES, other);
  writeArray(join(plan, PLAN_FILES.pairRelevance), QUERIES, () => 1, '<f4');
  writeArray(join(plan, PLAN_FILES.queryPairs), QUERIES + 1, (i) => i);
  writeArray(join(plan, PLAN_FILES.querySelf), 2 * QUERIES, () => -1, '<i4', 2);
  writeArray(join(plan, PLAN_FILES.ownerOffsets), QUERIES + 1, (i) => i);
  writeArray(join(plan, PLAN_FILES.ownerQuery), QUERIES, other);
  const random = randomStream(1, 1);
  const slots = SHARD_ROWS * K;
  const made: Record<string, string> = {};
  const template = (
    name: string,
    ...rest: Parameters<typeof writeArray> extends [string, ...infer R] ? R : never
  ) => {
    made[name] = join(templates, name);
    writeArray(made[name], ...rest);
  };
  template('ids.npy', slots, () => Math.floor(random() * QUERIES), '<i4', K);
  template('scores.npy', slots, (slot) => 0.9 - ((slot % K) + random()) / 200, '<f4', K);
  template('positive-scores.npy', SHARD_ROWS, () => 0.6 + 0.3 * random(), '<f4');
  template('pair-scores.npy', slots, () => random(), '<f4', K);
  template('vectors.npy', SHARD_ROWS * DIMENSION, () => random() - 0.5, '<f4', DIMENSION);
  template('hubness.npy', QUERIES, () => 0.1, '<f4');
  return made;
}

function writeArray(
  path: string,
  length: number,
  value: (i: number) => number,
  dtype: '<i4' | '<f4' = '<i4',
  width: number | null = null,
): void {
  const file = new LocalNpyWriter(path, dtype, width);
  for (let start = 0; start < length; start += PIECE) {
    const piece =
      dtype === '<i4'
        ? new Int32Array(Math.min(PIECE, length - start))
        : new Float32Array(Math.min(PIECE, length - start));
    for (let i = 0; i < piece.length; i++) piece[i] = value(start + i);
    file.append(piece);
  }
  file.finish();
}

/** Lays the templates where the stages look for them. */
export async function layOut(
  directory: string,
  files: Readonly<Record<string, string>>,
  run: RunDocument,
  shards: number,
): Promise<void> {
  const lay = async (
    stage: StageName,
    key: string,
    names: Readonly<Record<string, string>>,
  ): Promise<void> => {
    const to = join(directory, 'cache', stage, key);
    await mkdir(to, { recursive: true });
    for (const [name, template] of Object.entries(names))
      await link(files[template]!, join(to, name)).catch(() => undefined);
  };
  for (let shard = 0; shard < shards; shard++) {
    const merged = {
      'ids.npy': 'ids.npy',
      'scores.npy': 'scores.npy',
      'positive-scores.npy': 'positive-scores.npy',
    };
    await lay('merge', mergeKey(run, shard), merged);
    if (run.job.mining.strategy === 'best')
      await lay('comparePairs', comparePairsKey(run, shard), { 'scores.npy': 'pair-scores.npy' });
  }
  if (run.job.mining.strategy === 'best') {
    const hub = { 'queries.npy': 'hubness.npy', 'documents.npy': 'hubness.npy' };
    await lay('hubness', hubnessKey(run, 'pair'), hub);
  }
  for (const shard of run.plan.queryShards.keys())
    await lay('embed', embedKey(run, 'query', shard), { 'vectors.npy': 'vectors.npy' });
}
