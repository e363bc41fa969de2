import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { QuarryError } from '../failures.ts';
import type { RunDocument } from '../stages/run-document.ts';
import type { Store } from '../storage/store.ts';
import { openDuckDb } from '../tables/duckdb.ts';
import { checkOptions, type ExportOptions } from './export-options.ts';
import type { Exporter } from './exporter.ts';
import { openSource } from './source/open-source.ts';
import { type ExportedFile, ExportTarget, type LeftOut } from './target/export-target.ts';
import { writeReadme } from './target/readme.ts';

/** A committed run, and what is wanted of it. */
export interface ExportRequest {
  readonly runId: string;
  /** URI of the run's directory. */
  readonly directory: string;
  /** How the run was done; null where its cache is gone. */
  readonly document: RunDocument | null;
  /** URI of the cache in which `document` lies. */
  readonly cache: string;
  readonly exporter: Exporter;
  readonly options: ExportOptions;
  /** URI of a directory: absent or empty. */
  readonly to: string;
  /** Absolute local directory of this process alone. */
  readonly scratch: string;
  readonly openStore: (uri: string) => Store;
  readonly signal: AbortSignal;
}

export interface Exported {
  readonly files: readonly ExportedFile[];
  readonly leftOut: readonly LeftOut[];
  /** What the rows were made from. */
  readonly from: 'cache' | 'tables';
}

/** DuckDB's own bound; strings of documents come on top (`source/cached-contents.ts`). */
const MEMORY_LIMIT = '200MB';

/**
 * Exports a run: checks its files against its manifest, writes beside the target, renames at the end. The bytes are a
 * function of the run and the options alone.
 *
 * Memory: 200 MB of DuckDB's and what `CachedExamples` says; below 1 GiB for ten million rows.
 *
 * @throws QuarryError `OutputTaken` where the target is not free, `BadJob` where the run lacks what the format needs, an
 * option is not the format's, or no query would have a row, `BadArtefact` where a file is not the one of the manifest
 */
export async function exportRun(request: ExportRequest): Promise<Exported> {
  const { exporter, options, scratch, signal, openStore } = request;
  checkOptions(exporter, options);
  const target = await ExportTarget.open(request.to, tagOf(request), scratch, openStore);
  const database = await openDuckDb({
    directory: join(scratch, 'duckdb'),
    threads: 1,
    memoryLimit: MEMORY_LIMIT,
  });
  try {
    const { source, from } = await openSource(database.connection, await database.connect(), request);
    try {
      await exporter.write(source, target, options);
      signal.throwIfAborted();
      if (target.isEmpty) throw noRows(request, target.leftOut);
      if (options.images) await target.images((path) => source.writeImages(path));
      await writeReadme(target, exporter, options, source);
    } finally {
      source.close();
    }
    const files = await target.finish();
    return { files, leftOut: target.leftOut, from };
  } finally {
    database.close();
    await target.remove();
  }
}

function noRows({ exporter, runId, options }: ExportRequest, leftOut: readonly LeftOut[]): QuarryError {
  const why = leftOut.map(({ rows, reason }) => `${rows} ${reason}`).join(', ');
  const what =
    options.negatives === undefined
      ? 'mine with other thresholds or a larger pool'
      : 'ask for fewer --negatives';
  return new QuarryError(
    'BadJob',
    `${exporter.name}: no query of ${runId} would have a row${why ? ` (${why})` : ''}; ${what}`,
  );
}

function tagOf({ runId, exporter, options }: ExportRequest): string {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const text = JSON.stringify([runId, exporter.name, given.sort()]);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
