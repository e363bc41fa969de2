import type { Job, Range, RunRef, Side, StageName } from '@quarry/workflows';
import type { GivenMode } from '@quarry/workflows/given-candidates';
import type { ModelIdentity } from '../embedder/model-identity.ts';
import { QuarryError } from '../failures.ts';
import type { AskedIdentity, JudgeIdentity } from '../judges/describe-judge.ts';
import type { Dependencies } from './stage-context.ts';

/** Everything that a stage needs to know of its run; lies at `<cache>/run/<hash>/run.json`, read once per process. */
export interface RunDocument {
  readonly runId: string;
  readonly job: Job;
  readonly plan: Plan;
  /** Key of the plan: its tables lie in `<cache>/plan/<planKey>/`. */
  readonly planKey: string;
  readonly model: ModelIdentity;
  readonly search: SearchPlan;
  /** The models that judge, in the order of the chain; absent where none does. */
  readonly judges?: readonly JudgeIdentity[];
  /** The cross-encoder that scores candidates anew; absent where none does. */
  readonly rescorer?: AskedIdentity;
  readonly versions: Readonly<Record<string, string>>;
}

/** The normalised input. The files beside it are named in {@link PLAN_FILES}. */
export interface Plan {
  readonly documents: number;
  readonly queries: number;
  readonly pairs: number;
  /** Most positives of one query. */
  readonly maxPositives: number;
  readonly documentShards: readonly Shard[];
  readonly queryShards: readonly Shard[];
  /** sha256 over the normalised rows: `documents`, `queries`, `pairs`, `judgements`. */
  readonly fingerprints: Readonly<Record<string, string>>;
  /** Rows in = rows out + duplicates + quarantined (+ unmined: queries without a positive). */
  readonly inputs: readonly InputAccount[];
  /** The first bad rows, for messages; all of them lie in `quarantine.jsonl`. */
  readonly quarantined: number;
  /** Queries without a positive: not mined. */
  readonly unminedQueries: number;
  /** Documents that no query owns. */
  readonly unownedDocuments: number;
  /** Candidates that the input brought; absent where it brought none. */
  readonly given?: PlannedCandidates & { readonly mode: GivenMode };
  /** Absent where the job names no previous run. */
  readonly promoted?: PlannedOfPrevious;
  /** Absent where the job keeps nothing of a previous run. */
  readonly previous?: PlannedOfPrevious;
  /** What is mined on its own, in the order of the names; one for everything where the format knows no groups. */
  readonly groups?: readonly Group[];
  /** What each side's rows hold; text where this is not said. */
  readonly modality?: Readonly<Record<Side, Modality>>;
}

/** What the previous round promoted, or kept, as far as query and document are still there. */
export interface PlannedOfPrevious {
  readonly runId: string;
  readonly rows: number;
  /** sha256 over the arrays. */
  readonly sha256: string;
}

/** Candidates that the input brought: the arrays `given*` of {@link PLAN_FILES}. */
export interface PlannedCandidates {
  readonly rows: number;
  readonly mostOfAQuery: number;
  /** sha256 over the arrays. */
  readonly sha256: string;
}

/** Texts alone, images alone, or both (in one row, or some rows each). */
export type Modality = 'text' | 'image' | 'mixed';

/** A task or subset that is mined on its own: a range of everything. */
export interface Group {
  readonly name: string;
  readonly documents: Range;
  readonly queries: Range;
  /** In data-set order: places of `pairRow`, and indexes of pairs. */
  readonly pairs: Range;
  readonly documentShards: Range;
  readonly queryShards: Range;
}

export interface Shard extends Range {
  /** sha256 over the content hashes of its rows, in order. */
  readonly sha256: string;
}

export interface InputAccount {
  /** `documents`, `queries` or `pairs`. */
  readonly name: string;
  readonly uri: string;
  readonly rows: number;
  /** Rows whose content another row had before. */
  readonly duplicates: number;
  readonly quarantined: number;
}

/** One index part: a range of document shards. */
export interface Part {
  /** Document shards, end exclusive. */
  readonly shards: Range;
  /** Dense document ids, end exclusive. */
  readonly documents: Range;
}

export interface SearchPlan {
  readonly engine: 'exact' | 'hnswlib';
  /** Candidates per query; at most the number of documents. */
  readonly k: number;
  /** Of them found by the search: k, less where the input brings some, 0 where those replace the search. */
  readonly retrieved: number;
  readonly parts: readonly Part[];
  /** Why this engine, with the figures that decided. */
  readonly why: string;
}

/**
 * The files of a plan, beside `done.json`. Arrays are `.npy`; dense ids are int32.
 *
 * Parquet, one file per shard: `documents/00000.parquet` (document INTEGER, id VARCHAR, text VARCHAR, row BIGINT: the
 * source row of its first occurrence), `queries/00000.parquet` (query, id, text, row). `text` is the composed content
 * (BEIR: title, a space, text). A side with images has the columns image VARCHAR (the path as the input names it),
 * image_sha256 VARCHAR and image_bytes BLOB (null where the image lies in a file under `input.imageRoot`); `text` is ''
 * where there is none. Rows in the order of the dense id.
 *
 * Pairs are the positives, equal ones once, sorted by (query, data-set order); a pair's index is its place there.
 */
export const PLAN_FILES = {
  /** int32 [P] */
  pairQuery: 'pair-query.npy',
  /** int32 [P] */
  pairDocument: 'pair-document.npy',
  /** int32 [P]: place of the pair in data-set order, a permutation of 0..P-1 (SaHa's row order) */
  pairRow: 'pair-row.npy',
  /** float32 [P]: relevance as judged */
  pairRelevance: 'pair-relevance.npy',
  /** int32 [Q+1]: the pairs of query q are pairs [queryPairs[q], queryPairs[q+1]) */
  queryPairs: 'query-pairs.npy',
  /** int32 [Q, 2]: documents that are the query itself (equal content; equal id with sameIdSpace), -1 = none */
  querySelf: 'query-self.npy',
  /** int32 [D+1]: the owners of document d are entries [ownerOffsets[d], ownerOffsets[d+1]) of the next two */
  ownerOffsets: 'owner-offsets.npy',
  /** int32 [P]: the owning query, in data-set order of the pairs */
  ownerQuery: 'owner-query.npy',
  /** int32 [P]: index of the pair (owner, document) */
  ownerPair: 'owner-pair.npy',
  /** judged rows that are not positives: int32 [J, 2] (query, document), sorted; float32 [J] */
  judged: 'judged.npy',
  judgedRelevance: 'judged-relevance.npy',
  /** int32 [Q+1]: the candidates that the input brought for query q, of the next four; there only where it brought some */
  givenOffsets: 'given-offsets.npy',
  /** int32 [G], ascending within a query */
  givenDocument: 'given-document.npy',
  /** int32 [G]: as the other retriever ranked it, 1 the best */
  givenRank: 'given-rank.npy',
  /** float32 [G]: as the other retriever scored it, NaN where it did not */
  givenScore: 'given-score.npy',
  /** uint8 [G]: place in `GIVEN_SOURCES` */
  givenSource: 'given-source.npy',
  /** int32 [Q+1]: what the previous round promoted for query q, of the next; there only where the job names one */
  promotedOffsets: 'promoted-offsets.npy',
  /** int32, ascending within a query */
  promotedDocument: 'promoted-document.npy',
  /** The same of what it kept as negatives; there only where the job keeps some of them. */
  previousOffsets: 'previous-offsets.npy',
  previousDocument: 'previous-document.npy',
} as const;

/** URI of the plan's directory. */
export function planDirectory(run: Pick<RunRef, 'cache'>, document: RunDocument): string {
  return unitDirectory(run.cache, 'plan', document.planKey);
}

export function shardFile(side: 'documents' | 'queries', shard: number): string {
  return `${side}/${String(shard).padStart(5, '0')}.parquet`;
}

/** URI of the directory of one unit's output. */
export function unitDirectory(cache: string, stage: StageName, key: string): string {
  return `${cache}/${stage}/${key}`;
}

const documents = new Map<string, Promise<RunDocument>>();

/** The run document that `run` names; a process reads each once. */
export function readRunDocument(dependencies: Dependencies, run: RunRef): Promise<RunDocument> {
  const uri = `${run.cache}/run/${run.run}/run.json`;
  let document = documents.get(uri);
  if (!document) {
    document = read(dependencies, uri);
    document.catch(() => documents.delete(uri));
    documents.set(uri, document);
    if (documents.size > 8) documents.delete(documents.keys().next().value as string);
  }
  return document;
}

async function read(dependencies: Dependencies, uri: string): Promise<RunDocument> {
  const bytes = await dependencies.openStore(uri).readIfPresent(uri);
  if (!bytes) {
    throw new QuarryError(
      'BadArtefact',
      `${uri} is gone: the cache was cleared while the run was going on; start the job again`,
    );
  }
  return JSON.parse(new TextDecoder().decode(bytes)) as RunDocument;
}
