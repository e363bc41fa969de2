import { join } from 'node:path';
import type { Job } from '@quarry/workflows';
import type { StageContext } from '../stages/stage-context.ts';
import { idField, textField } from './fields.ts';
import { findFile, lookForFile, splitUri, trimSlashes } from './input-file.ts';
import type { Input } from './input-format.ts';
import { ROW_FORMATS, readRows } from './read-rows.ts';
import { BadRow } from './source-row.ts';
import { stageRows } from './stage-rows.ts';

const COLUMNS = ['text', 'label'];

/**
 * `{text, label}` per row: the documents are the labels in order of first appearance, and each text is a query whose
 * positive is its label. The path is a file, or a directory with `<split>.jsonl`.
 */
export async function classificationInput(context: StageContext, input: Job['input']): Promise<Input> {
  const path = trimSlashes(input.path);
  const { directory, name } = splitUri(path);
  const expected = 'one example per row, {"text", "label"}';
  const pairs =
    (await lookForFile(context, { directory, names: [name], expected })) ??
    (await findFile(context, {
      directory: path,
      names: ROW_FORMATS.map((ending) => `${input.split}${ending}`),
      expected,
    }));
  return {
    files: { pairs: [pairs] },
    stage: async (context, staging, scratch) => {
      const labels = new Map<string, number>();
      const rows = readRows(context, pairs, COLUMNS, join(scratch, 'pairs'));
      await stageRows(context, staging, 'pairs', rows, (values, { row, line }) => {
        const text = textField(values, 'text');
        const label = idField(values, 'label');
        if (label.trim() === '') throw new BadRow('field "label" is empty: there is nothing to embed');
        let document = labels.get(label);
        if (document === undefined) {
          document = staging.addDocument({ source: 'pairs', row: labels.size, line, id: label, text: label });
          labels.set(label, document);
        }
        const query = staging.addQuery({ source: 'pairs', row, line, id: String(row), text });
        staging.addPair({ line, query, document, relevance: 1 });
      });
      staging.documentSourceRows = labels.size;
    },
  };
}
