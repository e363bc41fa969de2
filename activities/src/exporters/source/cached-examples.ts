import type { DuckDBConnection } from '@duckdb/node-api';
import type { Side } from '@quarry/workflows';
import { imageRootOf } from '../../dataset/image-uri.ts';
import { QuarryError } from '../../failures.ts';
import { readCandidateArray } from '../../stages/candidate-lists.ts';
import { clusterKey } from '../../stages/keys.ts';
import { planRows, readTrainingShard } from '../../stages/read-verdicts.ts';
import { type RunDocument, unitDirectory } from '../../stages/run-document.ts';
import { numbersOf, runGroups } from '../../stages/run-groups.ts';
import type { CacheAccess } from '../../stages/stage-context.ts';
import { readNpyRows } from '../../tables/npy-rows.ts';
import type { TrainingShard } from '../../tables/training-pairs.ts';
import type { CachedContents } from './cached-contents.ts';
import type { ClusterPair, Content, Example, ScoredDocument } from './example.ts';
import type { Examples, VisitedQueries } from './export-source.ts';
import { writeImageFiles } from './image-files.ts';

/** Rows of `clusters.npy` read at once. */
const CLUSTER_ROWS = 1 << 18;
/** Columns of `clusters.npy`: cluster, position, pair, phase. */
const CLUSTER_WIDTH = 4;

export interface CachedRun extends CacheAccess {
  readonly cache: string;
  readonly run: RunDocument;
  readonly contents: Readonly<Record<Side, CachedContents>>;
  /** Negatives that the manifest counts. */
  readonly kept: number;
  readonly hasImages: boolean;
  /** Read similarities as well. */
  readonly scores: boolean;
  readonly signal: AbortSignal;
  readonly connection: DuckDBConnection;
}

/**
 * The rows of an export out of the cache: what the stages found, as dense ids, and the plan's contents.
 *
 * Memory: that of {@link CachedContents}; one query shard's candidates (q x k x 10 bytes) and pairs; for clusters and
 * judgements 12 bytes per pair of the plan.
 */
export class CachedExamples implements Examples {
  readonly #from: CachedRun;

  constructor(from: CachedRun) {
    this.#from = from;
  }

  get groups(): readonly string[] {
    return runGroups(this.#from.run).map(({ name }) => name);
  }

  get hasImages(): boolean {
    return this.#from.hasImages;
  }

  async examples(visit: (example: Example) => void, group?: string): Promise<VisitedQueries> {
    const { run, signal, kept } = this.#from;
    let without = 0;
    let found = 0;
    for (const shard of this.#shardsOf(group)) {
      signal.throwIfAborted();
      const training = await readTrainingShard(this.#from, this.#from, run, shard);
      const candidateScores = await this.#merged(shard, 'scores.npy');
      const positiveScores = await this.#merged(shard, 'positive-scores.npy');
      for (let row = 0; row < training.queries.end - training.queries.start; row++) {
        const example = this.#example(training, row, candidateScores, positiveScores);
        if (example.negatives.length === 0) without++;
        else visit(example);
        found += example.negatives.length;
      }
    }
    if (group === undefined && found !== kept) throw otherVerdicts(run.runId, found, kept);
    return { without };
  }

  async clusters(visit: (pairs: readonly ClusterPair[]) => void, group?: string): Promise<void> {
    const { cache, run } = this.#from;
    const pairQuery = await planRows<Int32Array>(this.#from, this.#from, run, 'pairQuery');
    const pairDocument = await planRows<Int32Array>(this.#from, this.#from, run, 'pairDocument');
    // Each group numbers its clusters from 0.
    for (const { name, number } of runGroups(run)) {
      if (group !== undefined && name !== group) continue;
      const key = clusterKey(run, number);
      const uri = `${unitDirectory(cache, 'cluster', key)}/clusters.npy`;
      await this.#clustersOf(uri, pairQuery, pairDocument, visit);
    }
  }

  async #clustersOf(
    uri: string,
    pairQuery: Int32Array,
    pairDocument: Int32Array,
    visit: (pairs: readonly ClusterPair[]) => void,
  ): Promise<void> {
    const { contents, signal } = this.#from;
    let pairs: ClusterPair[] = [];
    let cluster = -1;
    for (let start = 0; ; start += CLUSTER_ROWS) {
      signal.throwIfAborted();
      const read = await readNpyRows<Int32Array>(this.#from.openStore(uri), uri, start, start + CLUSTER_ROWS);
      for (let at = 0; at < read.data.length; at += CLUSTER_WIDTH) {
        if (read.data[at] !== cluster) {
          if (pairs.length > 0) visit(pairs);
          pairs = [];
          cluster = read.data[at]!;
        }
        const pair = read.data[at + 2]!;
        pairs.push({
          query: contents.query.of(pairQuery[pair]!),
          positive: contents.document.of(pairDocument[pair]!),
        });
      }
      if (start + CLUSTER_ROWS >= read.rows) break;
    }
    if (pairs.length > 0) visit(pairs);
  }

  async contents(side: Side, visit: (content: Content) => void): Promise<void> {
    const contents = this.#from.contents[side];
    for (let row = 0; row < contents.rows; row++) visit(contents.of(row));
  }

  planned(side: Side): CachedContents {
    return this.#from.contents[side];
  }

  async judgements(visit: (query: Content, document: Content, relevance: number) => void): Promise<void> {
    const { run, contents } = this.#from;
    const query = await planRows<Int32Array>(this.#from, this.#from, run, 'pairQuery');
    const document = await planRows<Int32Array>(this.#from, this.#from, run, 'pairDocument');
    const relevance = await planRows<Float32Array>(this.#from, this.#from, run, 'pairRelevance');
    for (let pair = 0; pair < query.length; pair++) {
      visit(contents.query.of(query[pair]!), contents.document.of(document[pair]!), relevance[pair]!);
    }
  }

  async writeImages(path: (name: string) => Promise<string>): Promise<number> {
    const { contents, connection, openStore, run, signal } = this.#from;
    const files = { root: imageRootOf(run.job.input), openStore, signal, path };
    const ofQueries = await writeImageFiles(connection, contents.query, files);
    return ofQueries + (await writeImageFiles(connection, contents.document, files));
  }

  close(): void {
    this.#from.contents.query.close();
    this.#from.contents.document.close();
  }

  #example(
    { queries, k, ids, kept, keptWidth, pair, queryPairs, pairDocument }: TrainingShard,
    row: number,
    candidateScores: Float32Array | null,
    positiveScores: Float32Array | null,
  ): Example {
    const { query, document } = this.#from.contents;
    const negatives: ScoredDocument[] = [];
    for (let n = row * keptWidth; n < (row + 1) * keptWidth; n++) {
      if (kept[n]! < 0) continue;
      const place = row * k + kept[n]!;
      negatives.push(document.of(ids[place]!, candidateScores?.[place]));
    }
    const positives: ScoredDocument[] = [];
    const first = queryPairs[row]!;
    for (let p = first; p < queryPairs[row + 1]!; p++) {
      const place = p - queryPairs[0]!;
      positives.push(document.of(pairDocument[place]!, positiveScores?.[place]));
    }
    const anchoring = pair[row]!;
    const paired = anchoring >= 0 ? [positives[anchoring - first]!] : positives;
    return { query: query.of(queries.start + row), positives, paired, negatives };
  }

  #shardsOf(group: string | undefined): readonly number[] {
    const groups = runGroups(this.#from.run).filter(({ name }) => group === undefined || name === group);
    return groups.flatMap(({ queryShards }) => numbersOf(queryShards));
  }

  async #merged(shard: number, name: string): Promise<Float32Array | null> {
    const { cache, run, scores } = this.#from;
    if (!scores) return null;
    return readCandidateArray<Float32Array>(this.#from, { cache }, run, shard, name);
  }
}

function otherVerdicts(runId: string, found: number, kept: number): QuarryError {
  return new QuarryError(
    'BadArtefact',
    `${runId}: the cache holds ${found} negatives and the manifest counts ${kept}, so the cache is not this run's; run the job again`,
  );
}
