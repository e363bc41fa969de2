import { join } from 'node:path';
import type { RunDocument } from '../stages/run-document.ts';
import type { Store } from '../storage/store.ts';
import { openDuckDb } from '../tables/duckdb.ts';
import { type ExportedFile, ExportTarget, type LeftOut } from './export-target.ts';
import type { Exporter } from './exporter.ts';
import { openPlan } from './open-plan.ts';
import { openTables } from './open-tables.ts';

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
  /** One of the exporter's shapes; `''` where it has none. */
  readonly shape: string;
  /** Absolute local directory: absent or empty. */
  readonly to: string;
  /** Absolute local directory of this process alone. */
  readonly scratch: string;
  readonly openStore: (uri: string) => Store;
  readonly signal: AbortSignal;
}

export interface Exported {
  readonly files: readonly ExportedFile[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * Exports a run: checks its files against its manifest, writes beside the target, renames at the end.
 *
 * Memory: 400 MB of DuckDB's and what the exporter says; texts of a corpus lie on disk.
 *
 * @throws QuarryError `OutputTaken` where the target is not free, `BadJob` where the run lacks what the format needs,
 * `BadArtefact` where a file is not the one of the manifest
 */
export async function exportRun(request: ExportRequest): Promise<Exported> {
  const { exporter, shape, scratch, signal, runId } = request;
  const target = await ExportTarget.open(request.to);
  const database = await openDuckDb({ directory: join(scratch, 'duckdb'), threads: 1 });
  try {
    const { connection } = database;
    const needs = exporter.needs(shape);
    const files = await openTables(connection, request, needs.tables);
    if (needs.plan) await openPlan(connection, request);
    await exporter.write({ runId, connection, files, scratch, signal }, target, shape);
    signal.throwIfAborted();
    return await target.finish();
  } finally {
    database.close();
    await target.remove();
  }
}
