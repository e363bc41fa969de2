import type { DuckDBConnection } from '@duckdb/node-api';
import type { Job, Table } from '@quarry/workflows';
import { QuarryError } from '../../failures.ts';
import type { Manifest } from '../../report/manifest.ts';
import type { ExportRequest } from '../export-run.ts';
import type { Needs } from '../exporter.ts';
import type { Examples, ExportSource } from './export-source.ts';
import { openCache } from './open-cache.ts';
import { checkSizes, openTables } from './open-tables.ts';
import { PublishedExamples } from './published-examples.ts';

/**
 * Opens what the format is made from: the cache where it holds the run, because there are ids and scores; else the
 * published tables.
 *
 * @throws QuarryError `BadJob` where neither has it, `BadArtefact` where a published file is not the one of the manifest
 */
export async function openSource(
  connection: DuckDBConnection,
  request: ExportRequest,
): Promise<{ readonly source: ExportSource; readonly from: 'cache' | 'tables' }> {
  const { exporter, options, runId, scratch, signal } = request;
  const needs = exporter.needs(options);
  const manifest = await readManifest(request);
  await checkSizes(request, manifest);
  const opened = await openExamples(connection, request, manifest, needs);
  const shared = { runId, connection, scratch, signal, numNegatives: await readNumNegatives(request) };
  const source: ExportSource = {
    ...shared,
    files: opened.files,
    examples: (visit) => opened.examples.examples(visit),
    clusters: (visit) => opened.examples.clusters(visit),
    contents: (side, visit) => opened.examples.contents(side, visit),
    judgements: (visit) => opened.examples.judgements(visit),
    close: () => opened.examples.close(),
  };
  return { source, from: opened.from };
}

interface Opened {
  readonly examples: Examples;
  readonly files: ExportSource['files'];
  readonly from: 'cache' | 'tables';
}

async function openExamples(
  connection: DuckDBConnection,
  request: ExportRequest,
  manifest: Manifest,
  needs: Needs,
): Promise<Opened> {
  const { document, signal } = request;
  if (needs.clusters && document && document.job.mining.strategy === 'margin') throw noClusters(request);
  const copies = needs.tables ?? [];
  if (needs.examples || needs.clusters || needs.corpus) {
    const cached = await openCache(connection, request, manifest.funnel.kept, needs.scores === true);
    if (!('lacks' in cached)) {
      const files = await openTables(connection, request, manifest, copies);
      return { examples: cached, files, from: 'cache' };
    }
    if (needs.examples === 'ids' || needs.scores || needs.corpus) throw noCache(request, needs, cached.lacks);
  }
  const tables: Table[] = [...copies];
  if (needs.examples) tables.push('triplet');
  if (needs.clusters) tables.push('clusters');
  const files = await openTables(connection, request, manifest, tables, ['candidates']);
  return { examples: new PublishedExamples({ connection, files, signal }), files, from: 'tables' };
}

async function readManifest({ directory, openStore }: ExportRequest): Promise<Manifest> {
  const uri = `${directory}/_manifest.json`;
  return JSON.parse(new TextDecoder().decode(await openStore(uri).read(uri))) as Manifest;
}

/** N of the run's n-tuples, or undefined where neither the cache nor `job.json` says. */
async function readNumNegatives({
  document,
  directory,
  openStore,
}: ExportRequest): Promise<number | undefined> {
  if (document) return document.job.mining.numNegatives;
  const bytes = await openStore(directory).readIfPresent(`${directory}/job.json`);
  return bytes ? (JSON.parse(new TextDecoder().decode(bytes)) as Job).mining.numNegatives : undefined;
}

function noCache({ exporter, cache, runId }: ExportRequest, needs: Needs, lacks: string): QuarryError {
  const what = needs.scores ? 'similarities' : needs.corpus ? 'corpus' : 'ids of the positives';
  return new QuarryError(
    'BadJob',
    `${exporter.name} needs the ${what} of ${runId}; they lie in the cache, and ${cache} holds ${lacks}. Run the job again with this cache, or choose a format of texts (sentence-transformers, flagembedding, ms-swift)`,
  );
}

function noClusters({ exporter, runId }: ExportRequest): QuarryError {
  return new QuarryError(
    'BadJob',
    `${exporter.name} is made from clusters, which ${runId} has not; mine with mining.strategy: saha`,
  );
}
