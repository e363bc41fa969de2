import { join } from 'node:path';
import type { RunRef } from '@quarry/workflows';
import type { AskedModel } from '@quarry/workflows/judges';
import { QuarryError } from '../failures.ts';
import { type AskedIdentity, openAsked } from '../judges/describe-judge.ts';
import type { TextPair } from '../judges/judge-model.ts';
import type { JudgePairsInput, JudgePairsOutput } from '../pool/kernels/judge-pairs.ts';
import { distinctIds, selectContents } from '../tables/contents.ts';
import { openDuckDb } from '../tables/duckdb.ts';
import { SpooledTexts } from '../tables/spooled-texts.ts';
import { contentShards } from './content-shards.ts';
import type { RunDocument } from './run-document.ts';
import type { StageContext } from './stage-context.ts';
import type { UnitOutput } from './unit.ts';

/** Pairs whose texts are given to the model's thread at once. */
const BLOCK_PAIRS = 512;

/** Pairs of a query and a document, by dense ids. */
export interface AskedPairs {
  readonly queries: Int32Array;
  readonly documents: Int32Array;
}

/**
 * What a model says of some lists of pairs: float32 [pairs] each.
 *
 * Memory: 8 bytes per pair, 16 per distinct text (the texts lie on disk), 512 pairs of texts; in the worker thread the model
 * and one batch.
 *
 * @throws QuarryError `BadModel` where it is not the model of the plan, or says what is no number; `BadJob` where a side of
 * a pair has no text
 */
export async function askAbout(
  context: StageContext,
  unit: RunRef,
  run: RunDocument,
  planned: AskedIdentity,
  output: UnitOutput,
  lists: readonly AskedPairs[],
): Promise<readonly Float32Array[]> {
  const { name } = planned;
  const { identity, settings } = await openAsked(context, run.job, name);
  if (identity.sha256 !== planned.sha256) {
    throw new QuarryError(
      'BadModel',
      `${name}: not the model that the run was planned with (its files have other content on this machine, or were changed since); start the job again`,
    );
  }
  const texts = await spoolTexts(context, unit, run, lists, output.directory);
  try {
    const said: Float32Array[] = [];
    for (const { queries, documents } of lists) {
      const scores = new Float32Array(queries.length);
      for (let start = 0; start < scores.length; start += BLOCK_PAIRS) {
        context.signal.throwIfAborted();
        const pairs: TextPair[] = [];
        for (let i = start; i < Math.min(scores.length, start + BLOCK_PAIRS); i++)
          pairs.push({
            query: textOf(texts.queries, queries[i]!, `query ${queries[i]}`, name),
            document: textOf(texts.documents, documents[i]!, `document ${documents[i]}`, name),
          });
        const block = await context.pool.run<JudgePairsInput, JudgePairsOutput>({
          kernel: 'judge-pairs',
          input: { settings, sha256: identity.sha256, threads: context.threads, pairs },
          affinity: `judge ${identity.sha256}`,
          signal: context.signal,
        });
        scores.set(block.scores, start);
        context.progress(start + pairs.length, scores.length);
      }
      const strange = scores.findIndex((score) => !Number.isFinite(score));
      if (strange >= 0) {
        throw new QuarryError(
          'BadModel',
          `${settings.directory}/${settings.graph}: its judgement of query ${queries[strange]} and document ${documents[strange]} is not finite; the export overflows, use one of float32`,
        );
      }
      said.push(scores);
    }
    return said;
  } finally {
    texts.queries.close();
    texts.documents.close();
  }
}

function textOf(texts: SpooledTexts, id: number, what: string, model: AskedModel): string {
  const text = texts.get(id);
  if (text !== null) return text;
  throw new QuarryError(
    'BadJob',
    `${model} reads texts only, and ${what} is an image without one; remove it from mining (filters, judge, rescore)`,
  );
}

async function spoolTexts(
  context: StageContext,
  unit: RunRef,
  run: RunDocument,
  pairs: readonly AskedPairs[],
  directory: string,
): Promise<Readonly<Record<'queries' | 'documents', SpooledTexts>>> {
  const contents = contentShards(context, unit, run);
  const database = await openDuckDb({ directory: join(directory, 'duckdb'), threads: 1 });
  const spool = async (side: 'queries' | 'documents'): Promise<SpooledTexts> => {
    const ids = distinctIds(pairs.map((list) => list[side]));
    const select = await selectContents(database.connection, contents[side], ids, ['text'], context.signal);
    return SpooledTexts.spool(database.connection, join(directory, `${side}-texts`), ids, select);
  };
  try {
    return { queries: await spool('queries'), documents: await spool('documents') };
  } finally {
    database.close();
  }
}
