import { createHash, type Hash } from 'node:crypto';
import type { DuckDBConnection } from '@duckdb/node-api';
import { ownerMap } from '../mining/owner-map.ts';
import { PLAN_FILES } from '../stages/run-document.ts';
import type { UnitOutput } from '../stages/unit.ts';
import { readNumber, streamColumns } from '../tables/duckdb-columns.ts';

/** What the arrays come to. */
export interface PairFigures {
  readonly pairs: number;
  readonly judged: number;
  readonly maxPositives: number;
  readonly unownedDocuments: number;
  /** Most documents that are one query itself. */
  readonly maxSelf: number;
  /** sha256 over pairs (with places and relevances), and over judgements and what is a query itself. */
  readonly fingerprints: { readonly pairs: string; readonly judgements: string };
}

/**
 * Writes the arrays of a plan from the numbered tables.
 *
 * Memory: 28 bytes per pair, 4 per document, 12 per query, 12 per judgement.
 */
export async function writePairArrays(
  connection: DuckDBConnection,
  output: UnitOutput,
  { documents, queries, sameIdSpace }: { documents: number; queries: number; sameIdSpace: boolean },
): Promise<PairFigures> {
  const pairs = await readNumber(connection, 'SELECT count(*) FROM pairs');
  const query = new Int32Array(pairs);
  const document = new Int32Array(pairs);
  const row = new Int32Array(pairs);
  const relevance = new Float32Array(pairs);
  await fill(connection, 'SELECT query, document, place, relevance FROM pairs ORDER BY query, place', [
    query,
    document,
    row,
    relevance,
  ]);
  const queryPairs = offsets(query, queries);
  const owners = ownerMap({ pairQuery: query, pairDocument: document, pairRow: row }, documents);
  const self = await selfDocuments(connection, queries, sameIdSpace);
  const judged = await readNumber(connection, 'SELECT count(*) FROM judged');
  const judgedQuery = new Int32Array(judged);
  const judgedDocument = new Int32Array(judged);
  const judgedRelevance = new Float32Array(judged);
  await fill(connection, 'SELECT query, document, relevance FROM judged ORDER BY query, document', [
    judgedQuery,
    judgedDocument,
    judgedRelevance,
  ]);
  const judgedRows = interleave(judgedQuery, judgedDocument);

  await output.writeNpy(PLAN_FILES.pairQuery, query);
  await output.writeNpy(PLAN_FILES.pairDocument, document);
  await output.writeNpy(PLAN_FILES.pairRow, row);
  await output.writeNpy(PLAN_FILES.pairRelevance, relevance);
  await output.writeNpy(PLAN_FILES.queryPairs, queryPairs);
  await output.writeNpy(PLAN_FILES.querySelf, self, [queries, 2]);
  await output.writeNpy(PLAN_FILES.ownerOffsets, owners.ownerOffsets);
  await output.writeNpy(PLAN_FILES.ownerQuery, owners.ownerQuery);
  await output.writeNpy(PLAN_FILES.ownerPair, owners.ownerPair);
  await output.writeNpy(PLAN_FILES.judged, judgedRows, [judged, 2]);
  await output.writeNpy(PLAN_FILES.judgedRelevance, judgedRelevance);
  return {
    pairs,
    judged,
    maxPositives: queryPairs.reduce((most, end, q) => Math.max(most, end - (queryPairs[q - 1] ?? 0)), 0),
    unownedDocuments: countEmpty(owners.ownerOffsets),
    maxSelf: self.some((document, i) => i % 2 === 1 && document >= 0) ? 2 : self.some((d) => d >= 0) ? 1 : 0,
    fingerprints: {
      pairs: hashed(query, document, row, relevance),
      judgements: hashed(judgedRows, judgedRelevance, self),
    },
  };
}

/** Streams a query's columns into arrays of its length. */
async function fill(
  connection: DuckDBConnection,
  sql: string,
  arrays: readonly (Int32Array | Float32Array)[],
): Promise<void> {
  let at = 0;
  for await (const { rows, columns } of streamColumns(connection, sql)) {
    for (const [i, array] of arrays.entries()) array.set(columns[i] as number[], at);
    at += rows;
  }
}

/** Where each group begins in an ascending array of group numbers, and where the last one ends. */
function offsets(ascending: Int32Array, groups: number): Int32Array {
  const ends = new Int32Array(groups + 1);
  for (const group of ascending) ends[group + 1]!++;
  for (let i = 0; i < groups; i++) ends[i + 1]! += ends[i]!;
  return ends;
}

/** Groups that hold nothing. */
function countEmpty(ends: Int32Array): number {
  let empty = 0;
  for (let i = 1; i < ends.length; i++) if (ends[i] === ends[i - 1]) empty++;
  return empty;
}

/** Documents that are a query itself: by content, then by id. */
async function selfDocuments(
  connection: DuckDBConnection,
  queries: number,
  sameIdSpace: boolean,
): Promise<Int32Array> {
  const self = new Int32Array(queries * 2).fill(-1);
  const byId = `UNION ALL SELECT q.query, d.document, 1 FROM queries q JOIN document_of_id d USING (id)`;
  const sql = `
    SELECT query, document FROM (
      SELECT query, document, min(kind) AS kind FROM (
        SELECT q.query, d.document, 0 AS kind FROM queries q JOIN documents d USING (grp, hash) ${sameIdSpace ? byId : ''}
      ) GROUP BY ALL
    ) ORDER BY query, kind, document`;
  for await (const { rows, columns } of streamColumns(connection, sql)) {
    for (let i = 0; i < rows; i++) {
      const at = 2 * (columns[0]![i] as number);
      const free = [at, at + 1].find((place) => self[place] === -1);
      if (free !== undefined) self[free] = columns[1]![i] as number;
    }
  }
  return self;
}

function interleave(a: Int32Array, b: Int32Array): Int32Array {
  const both = new Int32Array(2 * a.length);
  for (let i = 0; i < a.length; i++) both.set([a[i]!, b[i]!], 2 * i);
  return both;
}

function hashed(...arrays: readonly (Int32Array | Float32Array)[]): string {
  const hash: Hash = createHash('sha256');
  for (const array of arrays) hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  return hash.digest('hex');
}
