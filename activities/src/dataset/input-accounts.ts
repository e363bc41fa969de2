import type { InputAccount } from '../stages/run-document.ts';
import { readNumber } from '../tables/duckdb-columns.ts';
import { countGiven } from './given-candidates.ts';
import type { InputFiles } from './input-file.ts';
import type { Source, Staging } from './staging.ts';

/** The account of the input, and what it does not hold: rows that are good but of no use. */
export interface Accounted {
  readonly inputs: readonly InputAccount[];
  readonly unminedQueries: number;
}

/**
 * Counts what became of every row, and checks that none is missing: rows = rows out + duplicates + quarantined
 * (+ unmined queries; + judgements that are no positives, or of unmined queries).
 *
 * Where several sides come from one file, `queries` and `documents` count what its good rows gave, and a list of
 * positives counts as many `pairs` as it is long, a list of negatives as many `negatives`.
 */
export async function accountInputs(
  staging: Staging,
  files: InputFiles,
  quarantined: Readonly<Record<Source, number>>,
): Promise<Accounted> {
  const count = (sql: string): Promise<number> =>
    readNumber(staging.connection, `SELECT count(*) FROM ${sql}`);
  const side = async (source: 'documents' | 'queries'): Promise<{ staged: number; rows: number }> => {
    const staged = await count(source === 'documents' ? 'document_rows' : 'query_rows');
    const beside = await count(
      `${source === 'documents' ? 'document_rows' : 'query_rows'} WHERE source = 'pairs'`,
    );
    return { staged, rows: staging.fileRows[source] + beside };
  };
  const documents = await side('documents');
  const documentsOut = await count('documents');
  const queries = await side('queries');
  const distinctQueries = await count('(SELECT DISTINCT first FROM query_of_row)');
  const queriesOut = await count('queries');
  const resolved = await count('resolved WHERE query_first IS NOT NULL AND document IS NOT NULL');
  const judgements = await count('judgements');

  const inputs = [
    account('documents', documents.rows, documents.staged - documentsOut, documentsOut),
    account('queries', queries.rows, queries.staged - distinctQueries, distinctQueries),
    account('pairs', staging.pairRows, resolved - judgements, judgements),
  ];
  for (const source of ['candidates', 'negatives'] as const) {
    const rows = staging.fileRows[source];
    if (rows === 0) continue;
    const { out, kept } = await countGiven(staging.connection, source);
    inputs.push(account(source, rows, out - kept, kept));
  }
  return { inputs, unminedQueries: distinctQueries - queriesOut };

  function account(name: Source, rows: number, duplicates: number, out: number): InputAccount {
    if (rows !== out + duplicates + quarantined[name]) {
      throw new Error(
        `accounting of ${name}: ${rows} rows came in, but ${out} went on, ${duplicates} were duplicates and ${quarantined[name]} were quarantined`,
      );
    }
    return {
      name,
      uri: (files[name] ?? files.pairs!)[0]!.uri,
      rows,
      duplicates,
      quarantined: quarantined[name],
    };
  }
}
