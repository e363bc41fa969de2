import { QuarryError } from '../failures.ts';
import type { StageContext } from '../stages/stage-context.ts';
import { readUnpacked } from './input-bytes.ts';
import type { InputFile } from './input-file.ts';
import { readDelimited } from './read-delimited.ts';
import { readJsonl } from './read-jsonl.ts';
import { readParquet } from './read-parquet.ts';
import type { SourceRow } from './source-row.ts';

/** Names that a file of rows may end in, `.gz` behind it allowed. */
export const ROW_FORMATS = ['.jsonl', '.ndjson', '.json', '.csv', '.tsv', '.parquet'] as const;

/**
 * The rows of a file in the order of the file, in batches; what it is, its name says. `columns` must be there where
 * the format has a header, `optional` ones are given where they are; `directory` is local and for this file alone.
 *
 * @throws QuarryError BadJob for another name, BadInput where the file as a whole cannot be read
 */
export function readRows(
  context: StageContext,
  file: InputFile,
  columns: readonly string[],
  directory: string,
  optional: readonly string[] = [],
): AsyncGenerator<SourceRow[]> {
  const name = file.name.replace(/\.gz$/, '').toLowerCase();
  const where = file.uri;
  if (name.endsWith('.parquet')) return readParquet(context, file, columns, directory, optional);
  const chunks = readUnpacked(context, file);
  if (name.endsWith('.csv')) return readDelimited(chunks, { where, delimiter: ',', columns });
  if (name.endsWith('.tsv')) return readDelimited(chunks, { where, delimiter: '\t', columns });
  if (/\.(jsonl|ndjson|json)$/.test(name)) return readJsonl(chunks, where);
  throw new QuarryError(
    'BadJob',
    `${file.uri}: cannot tell the format from the name; expected it to end in ${ROW_FORMATS.join(', ')} (or one of them and .gz)`,
  );
}
