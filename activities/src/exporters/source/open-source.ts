import type { DuckDBConnection } from '@duckdb/node-api';
import type { Job, Table } from '@quarry/workflows';
import { QuarryError } from '../../failures.ts';
import type { Manifest } from '../../report/manifest.ts';
import type { RunDocument } from '../../stages/run-document.ts';
import { readNumber } from '../../tables/duckdb-columns.ts';
import type { ExportRequest } from '../export-run.ts';
import type { Needs } from '../exporter.ts';
import type { Examples, ExportSource } from './export-source.ts';
import { hasImages, openCache } from './open-cache.ts';
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
  beside: DuckDBConnection,
  request: ExportRequest,
): Promise<{ readonly source: ExportSource; readonly from: 'cache' | 'tables' }> {
  const { exporter, options, runId, scratch, signal } = request;
  const needs = exporter.needs(options);
  const manifest = await readManifest(request);
  await checkSizes(request, manifest);
  const opened = await openExamples(connection, request, manifest, needs);
  const numNegatives = await readNumNegatives(request);
  const shared = { runId, connection, beside, scratch, signal, numNegatives };
  const { examples } = opened;
  const source: ExportSource = {
    ...shared,
    files: opened.files,
    groups: examples.groups,
    hasImages: examples.hasImages,
    examples: (visit, group) => examples.examples(visit, group),
    clusters: (visit, group) => examples.clusters(visit, group),
    contents: (side, visit) => examples.contents(side, visit),
    planned: (side) => examples.planned(side),
    judgements: (visit) => examples.judgements(visit),
    writeImages: (path) => examples.writeImages(path),
    close: () => examples.close(),
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
  if (document) refuseImages(request, document, copies.length > 0);
  if (needs.examples || needs.clusters || needs.corpus) {
    const cached = await openCache(connection, request, manifest.funnel.kept, needs);
    if (!('lacks' in cached)) {
      const files = await openTables(connection, request, manifest, copies);
      return { examples: cached, files, from: 'cache' };
    }
    if (needs.examples?.includes('ids') || needs.scores || needs.corpus)
      throw noCache(request, needs, cached.lacks);
  }
  const tables: Table[] = [...copies];
  if (needs.examples) tables.push('triplet');
  if (needs.clusters) tables.push('clusters');
  const files = await openTables(connection, request, manifest, tables, ['candidates']);
  if (copies.length === 0) await refuseImageColumns(connection, request, tables);
  return { examples: new PublishedExamples({ connection, files, signal }), files, from: 'tables' };
}

/** A format of texts is not made from images: they would be missing without a word. */
function refuseImages({ exporter, options, runId }: ExportRequest, run: RunDocument, copies: boolean): void {
  const named = exporter.imageShapes?.includes(options.shape) ?? exporter.options.includes('images');
  if (named || (copies && exporter.imageTables)) return;
  const sides = (['query', 'document'] as const).filter((side) => hasImages(run, side));
  if (sides.length === 0) return;
  const what = sides.map((side) => (side === 'query' ? 'queries' : 'documents')).join(' and the ');
  throw new QuarryError(
    'BadJob',
    `${exporter.name} in this shape takes texts, and the ${what} of ${runId} hold images; choose mmeb, gen2embed, unime-v2, ms-swift or tevatron (--shape ids), or sentence-transformers (triplet, n-tuple)`,
  );
}

/** The tables hold images without the names by which rows could tell them. */
async function refuseImageColumns(
  connection: DuckDBConnection,
  request: ExportRequest,
  tables: readonly Table[],
): Promise<void> {
  for (const table of tables) {
    const images = await readNumber(
      connection,
      `SELECT count(*) FROM (DESCRIBE "${table}") WHERE column_type LIKE 'STRUCT%'`,
    );
    if (images > 0) throw noCache(request, { images: true }, 'nothing of this run');
  }
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

function noCache(
  { exporter, cache, runId }: ExportRequest,
  needs: Needs & { readonly images?: boolean },
  lacks: string,
): QuarryError {
  const what = needs.images
    ? 'paths of the images'
    : needs.scores
      ? 'similarities'
      : needs.corpus
        ? 'corpus'
        : 'ids of the positives';
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
