import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { RunDocument } from '@quarry/activities/stages/run-document';
import { openStore } from '@quarry/activities/storage/open-store';
import { CommandError } from '../command-error.ts';
import { toUri } from '../job/resolve-paths.ts';
import { findRun } from '../run/known-runs.ts';
import { withServer } from '../run/reach-server.ts';
import type { Settings } from '../settings.ts';
import { readable } from '../view/summary.ts';

/** A committed run, for reading. */
export interface OpenRun {
  readonly runId: string;
  /** URI of the run's directory. */
  readonly directory: string;
  /** Relative paths of the published files. */
  readonly files: readonly string[];
  /** How the run was done; null where its cache is gone or elsewhere. */
  readonly document: RunDocument | null;
  /** URI of the cache in which `document` lies. */
  readonly cache: string;
}

/**
 * Opens a run by directory, URI, or by an id that the server in reach knows. Throws a CommandError where no committed
 * run is there.
 */
export async function openRun(run: string, settings: Settings): Promise<OpenRun> {
  const isPlace = /[/:\\]/.test(run) || existsSync(resolve(settings.directory, run));
  const directory = isPlace ? toUri(run, settings.directory) : await directoryOf(run, settings);
  const store = openStore(directory);
  const bytes = await store.readIfPresent(`${directory}/_manifest.json`);
  if (!bytes)
    throw new CommandError(
      2,
      `${readable(directory)} holds no _manifest.json, so no committed run; give the directory <output>/runs/<run id>`,
    );
  const manifest = decode(bytes) as { runId: string; files: readonly { path: string }[] };
  const jobBytes = await store.readIfPresent(`${directory}/job.json`);
  const given = jobBytes ? (decode(jobBytes) as { cache?: string }).cache : undefined;
  const cache = given ?? `${directory.split('/').slice(0, -2).join('/')}/cache`;
  const document = await documentOf(manifest.runId, cache);
  return { runId: manifest.runId, directory, files: manifest.files.map(({ path }) => path), document, cache };
}

async function directoryOf(run: string, settings: Settings): Promise<string> {
  const known = await withServer(settings, async ({ client }) => findRun(client, run));
  if (known.status === 'COMPLETED' && known.output) return known.output;
  throw new CommandError(
    2,
    `${run} is ${known.status.toLowerCase()}; only a run that is committed can be inspected`,
  );
}

/** The run documents of a cache are few: one per run that used it. */
async function documentOf(runId: string, cache: string): Promise<RunDocument | null> {
  const store = openStore(cache);
  for await (const { uri } of store.list(`${cache}/run/`)) {
    if (!uri.endsWith('/run.json')) continue;
    const document = decode(await store.read(uri)) as RunDocument;
    if (document.runId === runId) return document;
  }
  return null;
}

function decode(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}
