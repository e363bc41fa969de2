import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type EvaluatedRun, type Evaluation, evaluateRun } from '@quarry/activities/evaluation/evaluate-run';
import { report } from '@quarry/activities/stages/report';
import { committedRun, runDirectory } from '../exporters/exported-run.ts';
import type { Fabricated } from '../tables/fabricated-run.ts';

/** A committed run with its `job.json`, which `report` writes. */
export async function reportedRun(strategy: 'margin' | 'saha'): Promise<Fabricated> {
  const made = await committedRun({ strategy });
  const execution = { startedAt: '2026-01-01T00:00:00.000Z', stages: {}, busySeconds: 0 };
  await report(made.context, { ...made.unit, execution });
  return made;
}

/** Evaluates against a truth of this name and content. */
export async function evaluated(
  made: Fabricated,
  name: string,
  truth: string,
  { cache = true, minRelevance = 1 } = {},
): Promise<EvaluatedRun> {
  const path = join(made.directory, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, truth);
  return evaluateFile(made, path, cache, minRelevance);
}

export async function evaluateFile(
  made: Fabricated,
  path: string,
  cache = true,
  minRelevance = 1,
): Promise<EvaluatedRun> {
  const { document, files } = {
    document: cache ? made.run : null,
    files: await filesOf(made),
  };
  const run = {
    runId: made.run.runId,
    directory: pathToFileURL(runDirectory(made)).href,
    files,
    document,
    cache: made.unit.cache,
  };
  return evaluateRun(made.context, run, pathToFileURL(path).href, minRelevance);
}

async function filesOf(made: Fabricated): Promise<string[]> {
  const { openStore } = made.context;
  const uri = `${pathToFileURL(runDirectory(made)).href}/_manifest.json`;
  const manifest = JSON.parse(new TextDecoder().decode(await openStore(uri).read(uri)));
  return manifest.files.map(({ path }: { path: string }) => path);
}

export const table = (found: EvaluatedRun, name: string): Evaluation =>
  found.evaluations.find((evaluation) => evaluation.table === name)!;

/** Every query's first kept negative is false. */
export const firstKept = (made: Fabricated): (readonly [query: number, document: number])[] =>
  made.kept.flatMap((documents, query) => (documents.length > 0 ? [[query, documents[0]!] as const] : []));
export const negatives = (made: Fabricated): number => made.kept.reduce((sum, { length }) => sum + length, 0);

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Scores of the kept negatives by query, as fabricated-verdicts.ts gives them. */
export function scoresOf(made: Fabricated): number[][] {
  return made.kept.map((documents, query) =>
    documents.map((document) => {
      const place = Array.from({ length: 7 }, (_, p) => p).find(
        (p) => (2 * query + p * 7) % 100 === document,
      )!;
      return 0.9 - place / 10 - query / 1e6;
    }),
  );
}
