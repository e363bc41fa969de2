import { createHash } from 'node:crypto';
import type { Job, Planned, Ref } from '@quarry/workflows';
import { chainOf, featuresOf, openRule } from '@quarry/workflows/chain';
import { givenMode } from '@quarry/workflows/given-candidates';
import type { AskedModel } from '@quarry/workflows/judges';
import { type ShardSizing, shardRowLimit } from '@quarry/workflows/partition';
import { imageVersions } from '../dataset/image-versions.ts';
import { hashInput } from '../dataset/input-bytes.ts';
import { findInput, type Input } from '../dataset/input-format.ts';
import { type PlanFigures, planInput } from '../dataset/plan-input.ts';
import { openPreviousRun } from '../dataset/previous-run.ts';
import { checkVectorRows } from '../dataset/vector-rows.ts';
import { describeModel, openModel } from '../embedder/describe-model.ts';
import type { ModelIdentity } from '../embedder/model-identity.ts';
import { QuarryError } from '../failures.ts';
import { describeJudges, describeRescorer } from '../judges/describe-judge.ts';
import { runDirectory } from './arrangement.ts';
import { deriveRun } from './derive-run.ts';
import { checkJob } from './job-check.ts';
import { type Plan, type RunDocument, unitDirectory } from './run-document.ts';
import { runGroups } from './run-groups.ts';
import type { StageContext } from './stage-context.ts';
import { STAGE_VERSIONS } from './stage-versions.ts';
import { memoised, readDone, unitKey } from './unit.ts';

/**
 * Checks the job, normalises the input, sizes the units, and names the run. The input is normalised once: what it
 * depends on is the bytes of its files. The run document is derived anew each time, which costs nothing.
 *
 * Memory: DuckDB's limits (400 MB for keys, as much again while a shard is written), one bucket of contents (64
 * MiB), 28 bytes per pair and 12 per query; where rows have images, what `ImageReader` says and the images that one batch
 * of rows brings as bytes (2,048 rows, or a row group of a Parquet file).
 */
export async function plan(context: StageContext, { job: given }: { readonly job: Job }): Promise<Planned> {
  const job = withoutSlashes(checkJob(given));
  const cache = job.cache ?? `${job.output.path}/cache`;
  const model = await describeModel(context, job.model);
  const judges = await describeJudges(context, job);
  const rescorer = await describeRescorer(context, job);
  const input = await findInput(context, job.input);
  const sizing = sizingOf(job, model);
  const previous = await openPreviousRun(context, job.mining);
  const tablesKey = await keyOf(context, cache, job, input, sizing);
  const planKey = previous
    ? unitKey(
        'plan',
        STAGE_VERSIONS.plan,
        previous.kept ? 'previous run and its negatives' : 'previous run',
        [tablesKey, previous.sha256],
      )
    : tablesKey;
  const planned = await memoised(context, { cache }, 'plan', planKey, async (output) => {
    const { rows, figures } = await planInput(context, output, {
      job: job.input,
      input,
      sizing,
      previous,
    });
    return { rows, figures: { ...figures } };
  });
  const figures = (await readDone(context, cache, 'plan', planKey)).figures as unknown as PlanFigures;
  await checkVectorRows(context, job, figures);
  const normalised = await readPlan(context, cache, planKey, input, job);
  await refuseImages(context, job, normalised);
  const [asked] = rescorer ? [rescorer] : judges;
  if (asked) refuseJudgedImages(job, normalised, asked.name);
  const run = deriveRun({
    job,
    plan: normalised,
    planKey,
    figures,
    model,
    judges,
    rescorer,
  });
  const document = await putRun(context, cache, run);
  const output = runDirectory(run);
  const { search } = run;
  const groups = runGroups(run);
  return {
    cache,
    run: document,
    runId: run.runId,
    output,
    ...(await committed(context, output)),
    strategy: job.mining.strategy,
    features: featuresOf(chainOf(job.mining, run.plan)),
    ...(judges.length > 0 && { judges: judges.map(({ name }) => name) }),
    ...(rescorer && { rescores: true }),
    ...(run.plan.given && { given: run.plan.given.mode }),
    calibrates: openRule(chainOf(job.mining, run.plan)) !== undefined,
    documents: run.plan.documents,
    queries: run.plan.queries,
    pairs: run.plan.pairs,
    quarantined: run.plan.quarantined,
    documentShards: run.plan.documentShards.length,
    queryShards: run.plan.queryShards.length,
    parts: search.parts.length,
    indexParts: search.engine === 'exact' ? 0 : search.parts.length,
    planned,
    ...(groups.length > 1 && {
      groups: groups.map(({ queryShards, parts }) => ({
        queryShards: queryShards.end - queryShards.start,
        parts: parts.end - parts.start,
      })),
    }),
  };
}

function withoutSlashes(job: Job): Job {
  const trim = (uri: string): string => uri.replace(/\/+$/, '');
  const output = { ...job.output, path: trim(job.output.path) };
  return job.cache === undefined ? { ...job, output } : { ...job, output, cache: trim(job.cache) };
}

function sizingOf(
  job: Job,
  { maxLength, dimension }: ModelIdentity,
): (side: ShardSizing['side']) => ShardSizing {
  const { shardRows, partRows } = job.execution;
  return (side) => ({ side, maxLength, dimension, shardRows, partRows });
}

async function keyOf(
  context: StageContext,
  cache: string,
  job: Job,
  input: Input,
  sizing: (side: ShardSizing['side']) => ShardSizing,
): Promise<string> {
  const { format, columns, corpus, dedup, sameIdSpace, minRelevance, maxBadRows, maxImagePixels } = job.input;
  const { maxLength, shardRows } = sizing('document');
  const limits = [
    maxLength,
    shardRows ?? null,
    shardRowLimit(sizing('query')),
    shardRowLimit(sizing('document')),
  ];
  const parameters = [
    format,
    format === 'pairs' ? [columns, corpus?.columns ?? null] : null,
    [dedup, sameIdSpace, minRelevance, maxBadRows],
    limits,
  ];
  const hashes: string[] = [];
  for (const [source, files] of Object.entries(input.files)) {
    for (const file of files) hashes.push(`${source} ${file.name} ${await hashInput(context, file)}`);
  }
  if (!input.images) return unitKey('plan', STAGE_VERSIONS.plan, parameters, hashes);
  const tables = unitKey('plan', STAGE_VERSIONS.plan, parameters, hashes);
  const images = await imageVersions(context, cache, input, tables);
  return unitKey('plan', STAGE_VERSIONS.plan, ['images', maxImagePixels], [tables, images]);
}

/** The plan with the URIs of this job's files: the same input may have been planned where it lay before. */
async function readPlan(
  context: StageContext,
  cache: string,
  planKey: string,
  { files }: Input,
  { input, mining }: Pick<Job, 'input' | 'mining'>,
): Promise<Plan> {
  const uri = `${unitDirectory(cache, 'plan', planKey)}/plan.json`;
  const found = JSON.parse(new TextDecoder().decode(await context.openStore(uri).read(uri))) as Plan;
  const inputs = found.inputs.map((account) => ({
    ...account,
    uri: (files[account.name as keyof Input['files']] ?? files.pairs!)[0]!.uri,
  }));
  const mode = givenMode(input, (mining.keepPrevious ?? 0) > 0);
  return { ...found, inputs, ...(found.given && mode && { given: { ...found.given, mode } }) };
}

/** @throws QuarryError BadJob where rows have images and the model takes text only */
async function refuseImages(
  context: StageContext,
  { model, input }: Pick<Job, 'model' | 'input'>,
  { modality }: Plan,
): Promise<void> {
  if (!modality || model.kind === 'vectors') return;
  const { settings } = await openModel(context, model);
  if (settings.kind === 'generator' && settings.vision) return;
  const sides = (['query', 'document'] as const).filter((side) => modality[side] !== 'text');
  throw new QuarryError(
    'BadJob',
    `model.path ${model.path} takes text only, but ${input.path} has images on the side of the ${sides.join(' and the ')}; use a model with a vision encoder, or leave the image columns out of the job`,
  );
}

/** @throws QuarryError BadJob where a judge, which reads texts, would get images alone */
const PLACE: Readonly<Record<AskedModel, string>> = {
  cross_encoder: 'mining.filters: cross_encoder',
  judge: 'the generator of mining.judge',
  rescore: 'the cross-encoder of mining.rescore',
};

function refuseJudgedImages({ input }: Pick<Job, 'input'>, { modality }: Plan, model: AskedModel): void {
  const sides = (['query', 'document'] as const).filter((side) => modality?.[side] === 'image');
  if (sides.length === 0) return;
  throw new QuarryError(
    'BadJob',
    `${PLACE[model]} reads texts only, but ${input.path} has images alone on the side of the ${sides.join(' and the ')}; remove it, or use pair or owner_similar, which compare vectors of any kind`,
  );
}

/** Puts the run document under its hash, which it returns. */
async function putRun(context: StageContext, cache: string, run: RunDocument): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(run));
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
  const uri = `${cache}/run/${hash}/run.json`;
  await context.openStore(uri).writeIfAbsent(uri, bytes);
  return hash;
}

async function committed(
  context: StageContext,
  directory: string,
): Promise<Pick<Planned, 'manifest' | 'funnel'>> {
  const uri = `${directory}/_manifest.json`;
  const bytes = await context.openStore(uri).readIfPresent(uri);
  if (!bytes) return { manifest: null, funnel: null };
  const { funnel, files } = JSON.parse(new TextDecoder().decode(bytes)) as {
    funnel: NonNullable<Planned['funnel']>;
    files: readonly { rows: number }[];
  };
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  const manifest: Ref = { uri, rows, sha256: createHash('sha256').update(bytes).digest('hex') };
  return { manifest, funnel };
}
