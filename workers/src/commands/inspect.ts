import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createPool } from '@quarry/activities/pool/pool';
import type { Example } from '@quarry/activities/report/examples';
import { examplesPage } from '@quarry/activities/report/page/examples-page';
import { REASONS } from '@quarry/workflows';
import { CommandError } from '../command-error.ts';
import { exampleOf } from '../inspect/example.ts';
import type { Inspected } from '../inspect/inspected.ts';
import { type OpenRun, openRun } from '../inspect/open-run.ts';
import { RunReader } from '../inspect/run-reader.ts';
import { readSuspects, type SuspectQuery } from '../inspect/suspects.ts';
import { nearestName } from '../job/nearest-name.ts';
import type { Settings } from '../settings.ts';
import { inspectedLines } from '../view/inspected.ts';
import { printPaged } from '../view/pager.ts';
import { styleFor } from '../view/style.ts';
import { openScratch } from '../worker/scratch.ts';

export interface InspectOptions {
  readonly query?: string;
  readonly sample?: number;
  readonly reason?: string;
  readonly suspects?: boolean;
  readonly limit: number;
  readonly html?: string;
  readonly json?: boolean;
}

const DEFAULT_SAMPLE = 3;
/** Queries among which a name is looked for that is like an unknown one. */
const LOOKED_AT = 10_000;

/** `quarry inspect <run>`: queries with what was kept, what was dropped and why. */
export async function inspect(name: string, options: InspectOptions, settings: Settings): Promise<void> {
  checkReason(options.reason);
  if (options.query !== undefined && options.suspects)
    throw new CommandError(2, '--query and --suspects exclude each other: give one of them');
  const page = options.html === undefined ? undefined : freshFile(options.html, settings);
  const run = await openRun(name, settings);
  const scratch = openScratch(settings.cache);
  let reader: RunReader | undefined;
  try {
    reader = await RunReader.open(run, scratch.directory);
    const queries = await chosen(run, reader, options);
    if (page !== undefined) return await writePage(page, run, reader, queries, options);
    const found: Inspected[] = [];
    for (const query of queries) found.push(await read(run, reader, query));
    if (options.json) for (const inspected of found) console.log(JSON.stringify(inspected));
    else await show(found, run, reader, options, settings);
  } finally {
    reader?.close();
    scratch.remove();
  }
}

type Chosen = Pick<SuspectQuery, 'query'> & Partial<SuspectQuery>;

async function read(run: OpenRun, reader: RunReader, { query, document }: Chosen): Promise<Inspected> {
  const inspected = await reader.read(query, document);
  if (!inspected) throw await noQuery(run, reader, query);
  return inspected;
}

/** The queries that were asked for, with the document to look at where there is one. */
async function chosen(
  run: OpenRun,
  reader: RunReader,
  { query, reason, suspects, sample = DEFAULT_SAMPLE }: InspectOptions,
): Promise<readonly Chosen[]> {
  if (query !== undefined) return [{ query }];
  if (suspects) {
    const listed = (await readSuspects(run)).slice(0, sample);
    if (listed.length > 0) return listed;
    throw new CommandError(2, `${run.runId} kept no negative, so there is none to doubt`);
  }
  const drawn = await reader.draw(sample, reason);
  if (drawn.length > 0) return drawn.map((id) => ({ query: id }));
  throw new CommandError(
    2,
    `${run.runId} has no query ${reason ? `with a candidate dropped for ${reason}` : 'with candidates'}`,
  );
}

async function show(
  found: readonly Inspected[],
  run: OpenRun,
  reader: RunReader,
  { limit, reason }: InspectOptions,
  settings: Settings,
): Promise<void> {
  const view = {
    limit,
    reason,
    style: styleFor(process.stdout, settings.color),
    width: process.stdout.columns ?? 120,
  };
  const lines = found.flatMap((inspected) => inspectedLines(inspected, view));
  if (!reader.hasTexts)
    lines.push(`Texts of dropped candidates lie in the cache, and ${run.cache} holds nothing of this run.`);
  await printPaged(lines, settings);
}

async function writePage(
  path: string,
  run: OpenRun,
  reader: RunReader,
  queries: readonly Chosen[],
  { limit, reason }: InspectOptions,
): Promise<void> {
  const examples: Example[] = [];
  const pool = createPool({ threads: 1 });
  try {
    for (const query of queries) {
      const inspected = await read(run, reader, query);
      examples.push(exampleOf(inspected, { limit, reason, thumbnails: await reader.thumbnails(pool) }));
    }
  } finally {
    await pool.close();
  }
  await writeFile(path, examplesPage(run.runId, examples), { flag: 'wx' });
  console.log(`Written: ${path}`);
}

/** The path of a page that does not stand there yet. */
function freshFile(given: string, settings: Settings): string {
  const path = resolve(settings.directory, given);
  if (existsSync(path))
    throw new CommandError(
      2,
      `--html ${given}: ${path} exists, and is not replaced; give another name or remove it`,
    );
  return path;
}

async function noQuery({ runId }: OpenRun, reader: RunReader, query: string): Promise<CommandError> {
  const meant = nearestName(query, await reader.draw(LOOKED_AT));
  return new CommandError(
    2,
    `${runId} has no query ${query}${meant === undefined ? '; --sample 10 shows some that it has' : `; did you mean ${meant}?`}`,
  );
}

function checkReason(reason: string | undefined): void {
  const dropped = REASONS.slice(1);
  if (reason === undefined || dropped.includes(reason as (typeof REASONS)[number])) return;
  const meant = nearestName(reason, dropped);
  throw new CommandError(
    2,
    `--reason ${reason}: ${meant ? `did you mean ${meant}?` : 'is not a reason;'} reasons are ${dropped.join(', ')}`,
  );
}
