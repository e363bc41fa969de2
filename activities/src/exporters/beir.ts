import { QuarryError } from '../failures.ts';
import type { ExportTarget } from './export-target.ts';
import type { Exporter, ExportSource } from './exporter.ts';
import { streamRows } from './stream-rows.ts';

type Line = (row: Readonly<Record<string, unknown>>) => string;

/**
 * BEIR: `corpus.jsonl`, `queries.jsonl`, `qrels/train.tsv` of the positives with their relevance; beside them the kept
 * negatives with their similarity in `negatives.tsv` (qid, docid, score; no header, by rank), not as judgements: nobody
 * judged them.
 *
 * Traps: an id with a tab or a line break would shift columns, so it is an error; `title` is empty, because a document's
 * text begins with its title. Proved against the documented schema.
 */
export const beir: Exporter = {
  name: 'beir',
  description: 'BEIR: corpus, queries and qrels, with the kept negatives as a ranking (TSV)',
  shapes: [],
  needs: () => ({ tables: ['candidates'], plan: true }),
  async write(source, target) {
    const jsonl = (title: object): Line => {
      return ({ id, text }) => `${JSON.stringify({ _id: id, ...title, text })}\n`;
    };
    await copyRows(source, target, 'corpus.jsonl', 'SELECT id, text FROM documents', jsonl({ title: '' }));
    await copyRows(source, target, 'queries.jsonl', 'SELECT id, text FROM queries', jsonl({}));
    await copyRows(
      source,
      target,
      'qrels/train.tsv',
      `SELECT q.id AS query, d.id AS document, p.relevance AS score FROM pairs p
         JOIN queries q ON q.query = p.query JOIN documents d ON d.document = p.document ORDER BY p.place`,
      tsv,
      'query-id\tcorpus-id\tscore\n',
    );
    await copyRows(
      source,
      target,
      'negatives.tsv',
      "SELECT query_id AS query, document_id AS document, score FROM candidates WHERE verdict = 'kept'",
      tsv,
    );
  },
};

async function copyRows(
  source: ExportSource,
  target: ExportTarget,
  name: string,
  sql: string,
  line: Line,
  header = '',
): Promise<void> {
  await target.lines(name, async (file) => {
    let rows = 0;
    await file.text(header);
    for await (const row of streamRows(source, sql)) {
      await file.text(line(row));
      rows++;
    }
    return rows;
  });
}

function tsv({ query, document, score }: Readonly<Record<string, unknown>>): string {
  return `${field(query)}\t${field(document)}\t${score}\n`;
}

function field(id: unknown): string {
  const text = String(id);
  if (!/[\t\r\n]/.test(text)) return text;
  throw new QuarryError(
    'BadInput',
    `The id ${JSON.stringify(text)} holds a tab or a line break, which a TSV file cannot; give the input other ids, or export to another format`,
  );
}
