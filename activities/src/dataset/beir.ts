import { join } from 'node:path';
import type { Job } from '@quarry/workflows';
import { QuarryError } from '../failures.ts';
import type { StageContext } from '../stages/stage-context.ts';
import { readText } from './composed-text.ts';
import { findFile, lookForFile, trimSlashes } from './input-file.ts';
import type { Input } from './input-format.ts';
import { readQrels } from './qrels.ts';
import { readRows } from './read-rows.ts';
import { stageRows } from './stage-rows.ts';

const DOCUMENT = { id: '_id', title: 'title', text: 'text' };
const QUERY = { id: '_id', text: 'text' };

/** The layout of BEIR: `corpus.jsonl`, `queries.jsonl`, `qrels/<split>.tsv`, plain or `.gz`. */
export async function beirInput(context: StageContext, { path, split }: Job['input']): Promise<Input> {
  const directory = trimSlashes(path);
  const documents = await findFile(context, {
    directory,
    names: ['corpus.jsonl'],
    expected: 'one document per line, {"_id", "title", "text"}',
  });
  const queries = await findFile(context, {
    directory,
    names: ['queries.jsonl'],
    expected: 'one query per line, {"_id", "text"}',
  });
  const qrels = { directory, names: [`qrels/${split}.tsv`], expected: 'lines of query-id, corpus-id, score' };
  const pairs = (await lookForFile(context, qrels)) ?? (await missingSplit(context, directory, split));
  return {
    files: { documents: [documents], queries: [queries], pairs: [pairs] },
    stage: async (context, staging, scratch) => {
      const documentRows = readRows(context, documents, [], join(scratch, 'corpus'));
      await stageRows(context, staging, 'documents', documentRows, (values, { row, line }) => {
        staging.addDocument({ source: 'documents', row, line, ...readText(values, DOCUMENT) });
      });
      const queryRows = readRows(context, queries, [], join(scratch, 'queries'));
      await stageRows(context, staging, 'queries', queryRows, (values, { row, line }) => {
        staging.addQuery({ source: 'queries', row, line, ...readText(values, QUERY) });
      });
      await stageRows(context, staging, 'pairs', readQrels(context, pairs), (values, { line }) => {
        const { query, document, relevance } = values as {
          query: string;
          document: string;
          relevance: number;
        };
        staging.addPair({ line, query, document, relevance });
      });
    },
  };
}

async function missingSplit(context: StageContext, directory: string, split: string): Promise<never> {
  const splits: string[] = [];
  for await (const { uri } of context.openStore(directory).list(`${directory}/qrels/`)) {
    splits.push(decodeURI(uri.slice(directory.length + '/qrels/'.length)).replace(/\.tsv(\.gz)?$/, ''));
  }
  const advice =
    splits.length > 0
      ? `there are the splits ${splits.join(', ')}: set input.split to one of them`
      : `${directory}/qrels holds no file`;
  throw new QuarryError(
    'BadJob',
    `${directory}/qrels/${split}.tsv (or .gz) is not there; expected lines of query-id, corpus-id, score; ${advice}`,
  );
}
