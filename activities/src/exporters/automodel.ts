import { sqlText } from '../tables/duckdb.ts';
import { readNumber } from '../tables/duckdb-columns.ts';
import type { Exporter } from './exporter.ts';
import { leaveOutQueries } from './leave-out-queries.ts';
import { trainingIds } from './training-ids.ts';

/** The score of a document of which none is known. */
const UNKNOWN = -1;

/**
 * NeMo Automodel: `train.json`, whose rows name documents by id, and the directory `corpus` (`train.parquet` of id and
 * text, `merlin_metadata.json`).
 *
 * Traps: the corpus id of the rows and of the metadata must be equal (here the run id); an example has one positive, so
 * a query with several has a row for each; a positive's score is unknown (-1), because a run keeps scores of candidates;
 * the corpus is named by its absolute path, as documented: after moving the directory, change `corpus[0].path`; the
 * trainer repeats negatives where a row has fewer than `n_passages - 1`, and can do nothing with none, so such queries
 * are left out. Proved against the
 * documented schema; not run through the trainer.
 */
export const automodel: Exporter = {
  name: 'automodel',
  description: 'NeMo Automodel: JSON of questions with document ids and scores, and a Parquet corpus',
  shapes: [],
  needs: () => ({ tables: ['candidates'], plan: true }),
  async write(source, target) {
    const corpus_id = source.runId;
    await target.lines('train.json', async (file) => {
      let rows = 0;
      await file.text(
        `{"corpus":${JSON.stringify([{ path: target.final('corpus') }])},"mining":{"args":${JSON.stringify({ run: corpus_id })}},"data":[`,
      );
      for await (const { id, text, positives, negatives } of trainingIds(source, { texts: false })) {
        const neg_doc = negatives.map((document) => ({ id: document.id, score: document.score }));
        for (const positive of positives) {
          const pos_doc = [{ id: positive.id, score: UNKNOWN }];
          const row = { question_id: id, question: text, corpus_id, pos_doc, neg_doc };
          await file.text(`${rows === 0 ? '' : ','}\n${JSON.stringify(row)}`);
          rows++;
        }
      }
      await file.text('\n]}\n');
      return rows;
    });
    const parquet = 'corpus/train.parquet';
    const path = await target.path(parquet);
    await source.connection.run(
      `COPY (SELECT id, text FROM documents) TO ${sqlText(path)} (FORMAT parquet, PARQUET_VERSION V1, ROW_GROUP_SIZE 8192)`,
    );
    target.count(parquet, await readNumber(source.connection, 'SELECT count(*) FROM documents'));
    await target.lines('corpus/merlin_metadata.json', async (file) => {
      await file.json({ class: 'TextQADataset', corpus_id });
      return 1;
    });
    await leaveOutQueries(source, target);
  },
};
