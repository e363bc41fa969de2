import { type DuckDBConnection, FLOAT, INTEGER } from '@duckdb/node-api';
import { QuarryError } from '../failures.ts';
import { PLAN_FILES, type RunDocument, shardFile, unitDirectory } from '../stages/run-document.ts';
import { sqlText } from '../tables/duckdb.ts';
import { DuckDbAppender } from '../tables/duckdb-appender.ts';
import { decodeNpy, type NpyArray } from '../tables/npy.ts';
import type { ExportRequest } from './export-run.ts';

/**
 * Makes `documents`, `queries` and `pairs` of the run's plan, which lies in the cache: the run's directory alone does not
 * say the ids of positives.
 *
 * Memory: 12 bytes per pair, and DuckDB's limit.
 */
export async function openPlan(connection: DuckDBConnection, request: ExportRequest): Promise<void> {
  const { document, cache, openStore, scratch } = request;
  if (!document) throw missing(request, 'nothing of this run');
  const directory = unitDirectory(cache, 'plan', document.planKey);
  for (const side of ['documents', 'queries'] as const) {
    const files: string[] = [];
    for (const shard of shardsOf(document, side).keys()) {
      const uri = `${directory}/${shardFile(side, shard)}`;
      if ((await openStore(uri).size(uri)) === null) throw missing(request, `no ${uri}`);
      files.push(await openStore(uri).localCopy(uri, scratch));
    }
    await connection.run(
      `CREATE VIEW ${side} AS SELECT * FROM read_parquet([${files.map(sqlText).join(', ')}])`,
    );
  }
  const array = async <A extends NpyArray>(name: string): Promise<A> => {
    const uri = `${directory}/${name}`;
    const bytes = await openStore(uri).readIfPresent(uri);
    if (!bytes) throw missing(request, `no ${uri}`);
    return decodeNpy<A>(bytes, uri).data;
  };
  const query = await array<Int32Array>(PLAN_FILES.pairQuery);
  const positive = await array<Int32Array>(PLAN_FILES.pairDocument);
  const relevance = await array<Float32Array>(PLAN_FILES.pairRelevance);
  const columns = { query: INTEGER, document: INTEGER, place: INTEGER, relevance: FLOAT };
  const appender = await DuckDbAppender.createTable(connection, 'pairs', columns);
  for (let pair = 0; pair < query.length; pair++)
    appender.add(query[pair]!, positive[pair]!, pair, relevance[pair]!);
  appender.close();
}

function shardsOf({ plan }: RunDocument, side: 'documents' | 'queries'): readonly unknown[] {
  return side === 'documents' ? plan.documentShards : plan.queryShards;
}

function missing({ exporter, cache, runId }: ExportRequest, what: string): QuarryError {
  return new QuarryError(
    'BadJob',
    `${exporter.name} needs the ids of the positives of ${runId}; they lie in the cache, and ${cache} holds ${what}. Run the job again with this cache, or choose a format of texts (sentence-transformers, flagembedding, ms-swift)`,
  );
}
