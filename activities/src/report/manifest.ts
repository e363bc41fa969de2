import type { Funnel } from '@quarry/workflows';
import { jobHash } from '../stages/job-hash.ts';
import type { RunDocument } from '../stages/run-document.ts';
import type { PublishedFile, RecallFigures } from './run-figures.ts';

/** What `_manifest.json` holds: nothing in it differs between two equal runs (no clock, host, path or shard). */
export interface Manifest {
  readonly runId: string;
  /** Hash of the job. */
  readonly job: string;
  readonly inputs: readonly {
    readonly name: string;
    readonly rows: number;
    readonly duplicates: number;
    readonly quarantined: number;
  }[];
  /** sha256 over the normalised rows. */
  readonly fingerprints: Readonly<Record<string, string>>;
  readonly model: {
    readonly kind: string;
    readonly sha256: string;
    readonly dimension: number;
    readonly maxLength: number;
    readonly oneRowAtATime: boolean;
    readonly preprocessing: Readonly<Record<string, unknown>>;
    /** Of a model of the hub: `hf:owner/name@commit`. */
    readonly source?: string;
  };
  readonly index: {
    readonly engine: string;
    readonly parameters: Readonly<Record<string, unknown>>;
    readonly recallAtK: number;
    readonly k: number;
    /** Queries on which recall was measured. */
    readonly sample: number;
  };
  readonly funnel: Funnel;
  /** Files under `data/`, by path. */
  readonly files: readonly {
    readonly path: string;
    readonly rows: number;
    readonly bytes: number;
    readonly sha256: string;
  }[];
  readonly seed: number;
  readonly versions: Readonly<Record<string, string>>;
}

export function buildManifest(
  run: RunDocument,
  found: {
    readonly funnel: Funnel;
    readonly recall: RecallFigures;
    readonly files: readonly PublishedFile[];
  },
): Manifest {
  const { job, plan, model, versions } = run;
  const { kind, path, sha256, dimension, maxLength, oneRowAtATime, preprocessing } = model;
  const source = path.startsWith('hf:') ? { source: path } : {};
  return {
    runId: run.runId,
    job: jobHash(job),
    inputs: plan.inputs.map(({ name, rows, duplicates, quarantined }) => ({
      name,
      rows,
      duplicates,
      quarantined,
    })),
    fingerprints: sortedByKey(plan.fingerprints),
    model: { kind, sha256, dimension, maxLength, oneRowAtATime, preprocessing, ...source },
    index: {
      engine: run.search.engine,
      parameters: indexParameters(run),
      recallAtK: found.recall.recallAtK,
      k: found.recall.k,
      sample: found.recall.sample,
    },
    funnel: found.funnel,
    files: found.files
      .map(({ path, rows, bytes, sha256: hash }) => ({ path, rows, bytes, sha256: hash }))
      .sort((a, b) => (a.path < b.path ? -1 : 1)),
    seed: job.seed,
    versions: sortedByKey(versions),
  };
}

/** What the candidates depend on: nothing with `exact`; with a graph its parameters and where its parts are cut. */
export function indexParameters({ job, search }: RunDocument): Record<string, unknown> {
  if (search.engine === 'exact') return {};
  const { m, efConstruction, efSearch } = job.search;
  return {
    m,
    efConstruction,
    efSearch: efSearch ?? 2 * search.retrieved,
    /** First document of every part, and the end. */
    parts: [...search.parts.map(({ documents }) => documents.start), search.parts.at(-1)!.documents.end],
  };
}

function sortedByKey<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
