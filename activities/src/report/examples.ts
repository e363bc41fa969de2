import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunRef } from '@quarry/workflows';
import { imageRootOf } from '../dataset/image-uri.ts';
import { sampleQueries } from '../index/recall.ts';
import {
  type JudgedCandidate,
  keepsNegative,
  type QueryVerdicts,
  readQueryVerdicts,
} from '../inspection/query-verdicts.ts';
import { type Content, readContents } from '../inspection/read-contents.ts';
import { drawThumbnails } from '../inspection/thumbnails.ts';
import type { Suspect } from '../mining/suspects.ts';
import { mapConcurrently } from '../stages/map-concurrently.ts';
import type { RunDocument } from '../stages/run-document.ts';
import type { StageContext } from '../stages/stage-context.ts';
import { openDuckDb } from '../tables/duckdb.ts';
import type { Report } from './report-schema.ts';

/** Of the thirty examples so many are the likeliest false negatives, the others a seeded sample. */
const SUSPECTS = 15;
const EXAMPLES = 30;
/** Queries looked at for each that the sample needs, so that it shows queries that keep something. */
const DRAWN = 4;
/** Shown of a query. */
const POSITIVES = 2;
const KEPT = 3;
const DROPPED = 4;
/** Characters of a text. */
const MOST_TEXT = 320;
const READS = 16;

export type Example = Report['examples'][number];
type ExampleCandidate = Example['candidates'][number];

/** What is shown of a run, with its texts. */
export interface Examples {
  readonly examples: Example[];
  readonly suspects: Report['suspects'];
}

/**
 * Reads the examples: the likeliest false negatives that the stages kept, and a sample of queries that depends on the seed
 * and the queries alone. Reads those queries' rows only, whatever the size of the run.
 *
 * Memory: thirty queries' rows and texts, and one row group of texts at a time.
 */
export async function readExamples(
  context: StageContext,
  unit: RunRef,
  run: RunDocument,
  suspects: readonly Suspect[],
): Promise<Examples> {
  const doubted = suspects.slice(0, SUSPECTS).map(({ query }) => query);
  const sampled = await drawnQueries(context, unit, run, EXAMPLES - doubted.length, new Set(doubted));
  const verdicts = await mapConcurrently([...doubted, ...sampled], READS, (query) => {
    context.signal.throwIfAborted();
    return readQueryVerdicts(context, unit, run, query);
  });
  const worst = new Map(suspects.map((suspect) => [suspect.query, suspect]));
  const shown = verdicts.map((found) => ({ found, candidates: shownOf(found, worst.get(found.query)) }));
  const texts = await readTexts(context, unit, run, shown, suspects);
  const contents = [...texts.queries.values(), ...texts.documents.values()];
  const thumbnails = await drawThumbnails(
    context,
    imageRootOf(run.job.input),
    contents.flatMap(({ image }) => image ?? []),
  );
  const show = (content: Content): Example['query'] => shortContent(content, MOST_TEXT, thumbnails);
  return {
    examples: shown.map(({ found, candidates }, i) => {
      const why = i < doubted.length ? 'suspect' : 'sample';
      return exampleOf(why, found, candidates, worst.get(found.query), texts, show);
    }),
    suspects: suspects.map(({ query, document, ...figures }) => ({
      query: texts.queries.get(query)!.id,
      document: texts.documents.get(document)!.id,
      ...figures,
    })),
  };
}

/** `count` queries of a seeded sample, those that keep a negative first. */
async function drawnQueries(
  context: StageContext,
  unit: RunRef,
  run: RunDocument,
  count: number,
  but: ReadonlySet<number>,
): Promise<readonly number[]> {
  const size = Math.min(run.plan.queries, DRAWN * EXAMPLES);
  const drawn = [...sampleQueries(run.plan.queries, size, run.job.seed)].filter((query) => !but.has(query));
  const keeps = await mapConcurrently(drawn, READS, (query) => {
    context.signal.throwIfAborted();
    return keepsNegative(context, unit, run, query);
  });
  const first = drawn.filter((_, i) => keeps[i]);
  const rest = drawn.filter((_, i) => !keeps[i]);
  return [...first, ...rest].slice(0, count).sort((a, b) => a - b);
}

/** The suspect and the best of the kept; of the dropped the best of each reason first. Known positives stand elsewhere. */
function shownOf({ candidates }: QueryVerdicts, suspect: Suspect | undefined): readonly JudgedCandidate[] {
  const kept = candidates.filter(({ reason }) => reason === 'kept');
  const doubted = kept.filter(({ document }) => document === suspect?.document);
  const others = kept.filter(({ document }) => document !== suspect?.document);
  const dropped = candidates.filter(({ reason }) => !['kept', 'self', 'known_positive'].includes(reason));
  const firsts = dropped.filter(
    ({ reason }, i) => dropped.findIndex((other) => other.reason === reason) === i,
  );
  const rest = dropped.filter((candidate) => !firsts.includes(candidate));
  const byRank = (some: readonly JudgedCandidate[]): JudgedCandidate[] =>
    some.toSorted((a, b) => a.rank - b.rank);
  return [...[...doubted, ...others].slice(0, KEPT), ...byRank([...firsts, ...rest].slice(0, DROPPED))];
}

/** A content as a page shows it: at most so many characters, and the thumbnail of its image. */
export function shortContent(
  { id, text, image }: Content,
  most: number,
  thumbnails: ReadonlyMap<string, string>,
): Example['query'] {
  return {
    id,
    text: text.length > most ? `${text.slice(0, most)}…` : text,
    image: image && { path: image.path, thumbnail: thumbnails.get(image.sha256) ?? null },
  };
}

interface Texts {
  readonly queries: ReadonlyMap<number, Content>;
  readonly documents: ReadonlyMap<number, Content>;
}

async function readTexts(
  context: StageContext,
  unit: RunRef,
  run: RunDocument,
  shown: readonly { readonly found: QueryVerdicts; readonly candidates: readonly JudgedCandidate[] }[],
  suspects: readonly Suspect[],
): Promise<Texts> {
  const scratch = await mkdtemp(join(context.scratch, 'examples-'));
  const database = await openDuckDb({ directory: scratch, threads: 1 });
  try {
    const reading = {
      openStore: context.openStore,
      scratch,
      connection: database.connection,
      most: MOST_TEXT + 1,
    };
    const queries = [
      ...suspects.map(({ query }) => query),
      ...shown.flatMap(({ found, candidates }) => [
        found.query,
        ...candidates.flatMap(({ owner }) => (owner === null ? [] : [owner])),
      ]),
    ];
    const documents = [
      ...suspects.map(({ document }) => document),
      ...shown.flatMap(({ found, candidates }) => [
        ...bestPositives(found).map(({ document }) => document),
        ...candidates.map(({ document }) => document),
      ]),
    ];
    return {
      queries: await readContents(reading, unit, run, 'queries', queries),
      documents: await readContents(reading, unit, run, 'documents', documents),
    };
  } finally {
    database.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

function bestPositives({ positives }: QueryVerdicts): QueryVerdicts['positives'] {
  return positives.toSorted((a, b) => b.score - a.score).slice(0, POSITIVES);
}

function exampleOf(
  why: Example['why'],
  found: QueryVerdicts,
  shown: readonly JudgedCandidate[],
  suspect: Suspect | undefined,
  { queries, documents }: Texts,
  show: (content: Content) => Example['query'],
): Example {
  const content = (contents: ReadonlyMap<number, Content>, id: number): Example['query'] =>
    show(contents.get(id)!);
  const dropped: Record<string, number> = {};
  for (const { reason } of found.candidates) {
    if (reason !== 'kept') dropped[reason] = (dropped[reason] ?? 0) + 1;
  }
  return {
    why,
    query: content(queries, found.query),
    positives: found.positives.length,
    shownPositives: bestPositives(found).map(({ document, score }) => ({
      ...content(documents, document),
      score,
    })),
    kept: found.candidates.filter(({ reason }) => reason === 'kept').length,
    dropped,
    candidates: shown.map(
      ({ document, rank, score, reason, owner, ownerScore }): ExampleCandidate => ({
        ...content(documents, document),
        rank,
        score,
        owner: owner === null ? null : content(queries, owner),
        ownerScore,
        reason: reason === 'kept' ? null : reason,
        suspect: reason === 'kept' && document === suspect?.document,
      }),
    ),
  };
}
