import { join } from 'node:path';
import type { RunRef, UnitResult } from '@quarry/workflows';
import { type ChainRule, chainOf } from '@quarry/workflows/chain';
import { chainBefore, JUDGE_STAGE, type JudgeName, judgedAtMost } from '@quarry/workflows/judges';
import { QuarryError } from '../failures.ts';
import { openJudge } from '../judges/describe-judge.ts';
import type { TextPair } from '../judges/judge-model.ts';
import { compileChain, runChain } from '../mining/chain.ts';
import type { JudgePairsInput, JudgePairsOutput } from '../pool/kernels/judge-pairs.ts';
import { distinctIds, selectContents } from '../tables/contents.ts';
import { openDuckDb } from '../tables/duckdb.ts';
import { SpooledTexts } from '../tables/spooled-texts.ts';
import { contentShards } from './content-shards.ts';
import { type FilterShard, readFilterShard } from './filter-shard.ts';
import { judgeKey } from './keys.ts';
import { type RunDocument, readRunDocument } from './run-document.ts';
import type { StageContext } from './stage-context.ts';
import { memoised } from './unit.ts';

type Unit = RunRef & { readonly shard: number };

/** Pairs whose texts are given to the model's thread at once. */
const BLOCK_PAIRS = 512;

export const crossEncode = (context: StageContext, unit: Unit): Promise<UnitResult> =>
  judgeCandidates(context, unit, 'cross_encoder');

export const judge = (context: StageContext, unit: Unit): Promise<UnitResult> =>
  judgeCandidates(context, unit, 'judge');

/**
 * Log-odds that a candidate answers the query, for those that the filters before the judge left undecided, the hardest
 * first where the budget does not reach: `scores.npy` (float32 [q, k], NaN not judged). A cross-encoder scores the known
 * positives too: `margins.npy` is the distance from the query's lowest.
 *
 * Memory: as `filter`, 16 bytes per judged pair, 16 per distinct text (the texts lie on disk), 512 pairs of texts; in the
 * worker thread the model and one batch.
 */
async function judgeCandidates(context: StageContext, unit: Unit, name: JudgeName): Promise<UnitResult> {
  const run = await readRunDocument(context, unit);
  return memoised(context, unit, JUDGE_STAGE[name], judgeKey(run, name, unit.shard), async (output) => {
    const { identity, settings } = await openJudge(context, run.job, name);
    const planned = run.judges!.find((one) => one.name === name)!;
    if (identity.sha256 !== planned.sha256) {
      throw new QuarryError(
        'BadModel',
        `${name}: not the model that the run was planned with (its files have other content on this machine, or were changed since); start the job again`,
      );
    }
    const before = chainBefore(chainOf(run.job.mining, run.plan), name);
    const shard = await readFilterShard(context, unit, run, before);
    const asked = undecided(run, shard, before, planned.rows);
    const positives = name === 'cross_encoder' ? positivesOf(shard, asked) : NO_PAIRS;
    const texts = await spoolTexts(context, unit, run, [asked, positives], output.directory);
    try {
      const said = async ({ queries, documents }: Pairs): Promise<Float32Array> => {
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
        if (strange < 0) return scores;
        throw new QuarryError(
          'BadModel',
          `${settings.directory}/${settings.graph}: its judgement of query ${queries[strange]} and document ${documents[strange]} is not finite; the export overflows, use one of float32`,
        );
      };
      const scores = new Float32Array(shard.rows * shard.k).fill(Number.NaN);
      for (const [i, score] of (await said(asked)).entries()) scores[asked.slots[i]!] = score;
      await output.writeNpy('scores.npy', scores, [shard.rows, shard.k]);
      if (name === 'cross_encoder') {
        const margins = fromLowest(scores, shard, positives, await said(positives));
        await output.writeNpy('margins.npy', margins, [shard.rows, shard.k]);
      }
      return { rows: asked.slots.length, figures: { judged: asked.slots.length, left: asked.left } };
    } finally {
      texts.queries.close();
      texts.documents.close();
    }
  });
}

function textOf(texts: SpooledTexts, id: number, what: string, judge: JudgeName): string {
  const text = texts.get(id);
  if (text !== null) return text;
  throw new QuarryError(
    'BadJob',
    `${judge} reads texts only, and ${what} is an image without one; remove it from mining.filters (and mining.judge)`,
  );
}

/** Pairs to judge, by dense ids, and the slot of each: its place in the shard's arrays, or its row. */
interface Pairs {
  readonly queries: Int32Array;
  readonly documents: Int32Array;
  readonly slots: Int32Array;
}

const NO_PAIRS: Pairs = {
  queries: new Int32Array(0),
  documents: new Int32Array(0),
  slots: new Int32Array(0),
};

function pairsOf(rows: readonly (readonly [query: number, document: number, slot: number])[]): Pairs {
  return {
    queries: Int32Array.from(rows, ([query]) => query),
    documents: Int32Array.from(rows, ([, document]) => document),
    slots: Int32Array.from(rows, ([, , slot]) => slot),
  };
}

/** What the filters before leave undecided, by rank as far as the budget reaches; `left`: what it does not reach. */
function undecided(
  { plan }: RunDocument,
  shard: FilterShard,
  before: readonly ChainRule[],
  budget: number | undefined,
): Pairs & { readonly left: number } {
  const chain = compileChain(before);
  const found: [number, number, number][] = [];
  let left = 0;
  for (let row = 0; row < shard.rows; row++) {
    const candidates = shard.candidates(row);
    runChain(chain, candidates);
    let room = judgedAtMost(budget, candidates.query, plan.queries);
    for (let place = 0; place < shard.k; place++) {
      if (candidates.reasons[place] !== 0) continue;
      if (room-- > 0) found.push([candidates.query, candidates.documents[place]!, row * shard.k + place]);
      else left++;
    }
  }
  return { ...pairsOf(found), left };
}

/** The known positives of the queries of which something is judged. */
function positivesOf(shard: FilterShard, { slots }: Pairs): Pairs {
  const rows = [...new Set(Array.from(slots, (slot) => Math.floor(slot / shard.k)))];
  return pairsOf(
    rows.flatMap((row) => {
      const { query, positives } = shard.candidates(row);
      return Array.from(positives, (document) => [query, document, row] as const);
    }),
  );
}

function fromLowest(
  scores: Float32Array,
  { rows, k }: FilterShard,
  { slots }: Pairs,
  positiveScores: Float32Array,
): Float32Array {
  const lowest = new Float32Array(rows).fill(Number.POSITIVE_INFINITY);
  for (const [i, row] of slots.entries()) lowest[row] = Math.min(lowest[row]!, positiveScores[i]!);
  return scores.map((score, slot) => score - lowest[Math.floor(slot / k)]!);
}

async function spoolTexts(
  context: StageContext,
  unit: Unit,
  run: RunDocument,
  pairs: readonly Pairs[],
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
