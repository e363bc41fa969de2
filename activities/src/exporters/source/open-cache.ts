import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Side } from '@quarry/workflows';
import { QuarryError } from '../../failures.ts';
import { candidatesDirectory } from '../../stages/candidate-lists.ts';
import { clusterKeys, filterKey } from '../../stages/keys.ts';
import { mapConcurrently } from '../../stages/map-concurrently.ts';
import { type RunDocument, shardFile, unitDirectory } from '../../stages/run-document.ts';
import type { ExportRequest } from '../export-run.ts';
import type { Needs } from '../exporter.ts';
import { CachedContents, type Spools } from './cached-contents.ts';
import { CachedExamples } from './cached-examples.ts';

/** Objects looked for at once. */
const LOOKS = 32;

/**
 * The run's rows out of its cache, or what the cache lacks (a URI, or a phrase).
 *
 * @param kept negatives that the manifest counts
 */
export async function openCache(
  connection: DuckDBConnection,
  request: ExportRequest,
  kept: number,
  needs: Needs,
): Promise<CachedExamples | { readonly lacks: string }> {
  const { document: run, cache, openStore, scratch, signal } = request;
  if (!run) return { lacks: 'nothing of this run' };
  const uris = neededObjects(run, cache);
  const sizes = await mapConcurrently(uris, LOOKS, (uri) => openStore(uri).size(uri));
  const missing = sizes.indexOf(null);
  if (missing >= 0) return { lacks: `no ${uris[missing]}` };
  const { images } = request.options;
  if (images && !hasImages(run, 'query') && !hasImages(run, 'document')) throw noImages(run.runId);
  const open = async (side: Side): Promise<CachedContents> => {
    const ranges = side === 'query' ? run.plan.queryShards : run.plan.documentShards;
    const locals = await mapConcurrently(planFiles(run, cache, side), LOOKS, (uri) =>
      openStore(uri).localCopy(uri, join(scratch, 'copies')),
    );
    const files = locals.map((local, i) => ({ local, start: ranges[i]!.start, end: ranges[i]!.end }));
    const rows = side === 'query' ? run.plan.queries : run.plan.documents;
    const kind = !hasImages(run, side) ? 'none' : images ? 'written' : 'named';
    if (kind === 'named') {
      const nameless = await CachedContents.countNameless(connection, files);
      if (nameless > 0) throw namelessImages(run.runId, side, nameless);
    }
    return CachedContents.open(connection, side, {
      files,
      rows,
      spools: spoolsFor(needs),
      images: kind,
      scratch,
    });
  };
  const contents = { query: await open('query'), document: await open('document') };
  return new CachedExamples({
    ...{ openStore, cache, run, contents, kept, signal, connection },
    scores: needs.scores === true,
    hasImages: hasImages(run, 'query') || hasImages(run, 'document'),
  });
}

function spoolsFor({ examples, clusters, corpus, parquet }: Needs): Spools {
  const rows = corpus === 'rows';
  return {
    encoding: parquet ? 'plain' : 'json',
    ids: rows || examples === 'ids' || examples === 'texts and ids',
    texts: rows || clusters === true || examples === 'texts' || examples === 'texts and ids',
  };
}

/** Some rows of the side hold images. */
export function hasImages({ plan }: RunDocument, side: Side): boolean {
  return (plan.modality?.[side] ?? 'text') !== 'text';
}

function noImages(runId: string): QuarryError {
  return new QuarryError('BadJob', `--images: ${runId} holds no images; leave it out`);
}

function namelessImages(runId: string, side: Side, count: number): QuarryError {
  const of = side === 'query' ? 'queries' : 'documents';
  return new QuarryError(
    'BadJob',
    `${count} images of the ${of} of ${runId} came as bytes, without a path to name; add --images, which writes the images beside the rows`,
  );
}

function neededObjects(run: RunDocument, cache: string): readonly string[] {
  const shards = [...run.plan.queryShards.keys()];
  const verdicts =
    run.job.mining.strategy === 'saha'
      ? clusterKeys(run).map((key) => unitDirectory(cache, 'cluster', key))
      : shards.map((shard) => unitDirectory(cache, 'filter', filterKey(run, shard)));
  const merged = shards.map((shard) => candidatesDirectory(cache, run, shard));
  const units = [unitDirectory(cache, 'plan', run.planKey), ...merged, ...verdicts];
  return [
    ...units.map((unit) => `${unit}/done.json`),
    ...planFiles(run, cache, 'query'),
    ...planFiles(run, cache, 'document'),
  ];
}

function planFiles(run: RunDocument, cache: string, side: Side): readonly string[] {
  const directory = unitDirectory(cache, 'plan', run.planKey);
  const shards = side === 'query' ? run.plan.queryShards : run.plan.documentShards;
  return [...shards.keys()].map(
    (shard) => `${directory}/${shardFile(side === 'query' ? 'queries' : 'documents', shard)}`,
  );
}
