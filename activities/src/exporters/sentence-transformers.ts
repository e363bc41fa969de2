import { constants } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Table } from '@quarry/workflows';
import { readNumber } from '../tables/duckdb-columns.ts';
import type { ExportTarget } from './export-target.ts';
import type { Exporter, ExportSource } from './exporter.ts';
import { writeLabeled } from './labeled-rows.ts';
import { leaveOutQueries } from './leave-out-queries.ts';

/**
 * sentence-transformers and PyLate (contrastive): Parquet, `train-00000-of-0000N.parquet`. `triplet` and `n-tuple` are
 * the run's own files; `labeled-pair` (anchor, positive, label) and `labeled-list` (anchor, positive, labels) hold every
 * positive (1) and kept negative (0) of a query, positives first.
 *
 * Traps: every column that is not `label`, `labels`, `score` or `scores` is an input, so no id or score is among them,
 * and never two label columns. The shapes with scores are not made. Proved against the
 * documented schema, and by loading with `datasets`; not run through the trainer.
 */
export const sentenceTransformers: Exporter = {
  name: 'sentence-transformers',
  description: 'sentence-transformers, PyLate contrastive: Parquet of texts',
  shapes: ['triplet', 'n-tuple', 'labeled-pair', 'labeled-list'],
  needs: (shape) => ({ tables: [shape === 'n-tuple' ? 'n-tuple' : 'triplet'], plan: false }),
  async write(source, target, shape) {
    if (shape === 'triplet' || shape === 'n-tuple') await copyTable(source, target, shape);
    else await writeLabeled(source, target, shape === 'labeled-list');
    await leaveOutQueries(source, target, shape === 'n-tuple' ? await tupleLength(source) : 1);
  },
};

async function copyTable(source: ExportSource, target: ExportTarget, table: Table): Promise<void> {
  for (const { path, local, rows } of source.files.get(table) ?? []) {
    source.signal.throwIfAborted();
    const name = basename(path);
    await copyFile(local, await target.path(name), constants.COPYFILE_FICLONE);
    target.count(name, rows);
  }
}

/** N: the columns of `n-tuple` but anchor and positive. */
function tupleLength({ connection }: ExportSource): Promise<number> {
  return readNumber(connection, 'SELECT count(*) - 2 FROM (DESCRIBE "n-tuple")');
}
