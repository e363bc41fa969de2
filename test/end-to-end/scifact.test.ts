import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tableRows } from '../support/parquet-rows.ts';
import { type Mined, mine } from '../support/quarry.ts';
import { shared } from '../support/shared-data.ts';
import { writeJob } from '../support/write-job.ts';

const data = shared('data/scifact');
const model = shared('data/models/all-MiniLM-L6-v2');
const DOCUMENTS = 240;

/** Real claims, real abstracts, a real encoder: SciFact cut to some hundred documents. */
describe.skipIf(!data || !model)('SciFact with MiniLM', () => {
  let directory: string;
  let job: string;
  let run: Mined;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'quarry-scifact-'));
    job = await cutOfSciFact(join(directory, 'job'));
    run = await mine(job, join(directory, 'home'), ['--output', join(directory, 'out')]);
  }, 400_000);
  afterAll(() => rm(directory, { recursive: true, force: true }));

  async function cutOfSciFact(folder: string): Promise<string> {
    const lines = async (name: string): Promise<string[]> =>
      (await readFile(join(data!, name), 'utf8')).trim().split('\n');
    const corpus = (await lines('corpus.jsonl')).slice(0, DOCUMENTS);
    const known = new Set(corpus.map((line) => (JSON.parse(line) as { _id: string })._id));
    const [header, ...qrels] = await lines('qrels/train.tsv');
    const judged = qrels.filter((line) => known.has(line.split('\t')[1]!));
    return writeJob(
      folder,
      {
        name: 'scifact-cut',
        input: { format: 'beir', path: 'data' },
        model: { kind: 'encoder', path: model! },
        mining: { topK: 5, poolMultiplier: 3, unowned: 'keep' },
      },
      {
        'data/corpus.jsonl': `${corpus.join('\n')}\n`,
        'data/queries.jsonl': `${(await lines('queries.jsonl')).join('\n')}\n`,
        'data/qrels/train.tsv': `${[header, ...judged].join('\n')}\n`,
      },
    );
  }

  test('mines triplets in which no negative is a positive, and retrieves as a real encoder does', async () => {
    const rows = await tableRows<{ anchor: string; positive: string; negative: string }>(
      run.output,
      'triplet',
    );
    expect(rows.length).toBeGreaterThan(100);
    const positives = new Set(rows.map(({ anchor, positive }) => `${anchor}\n${positive}`));
    for (const { anchor, negative } of rows) expect(positives.has(`${anchor}\n${negative}`)).toBe(false);
    const report = JSON.parse(await readFile(join(fileURLToPath(run.output), 'report.json'), 'utf8'));
    expect(report.retrieval.default['hit@10']).toBeGreaterThan(0.8);
    expect(report.retrieval.default['ndcg@10']).toBeGreaterThan(0.6);
  });

  test('unowned documents are negatives, but never in a cluster', async () => {
    const candidates = await tableRows<{
      document_id: string;
      verdict: string;
      reason: string | null;
      owner_query_id: string | null;
    }>(run.output, 'candidates');
    expect(candidates.length).toBe(run.funnel.candidates);
    const unowned = candidates.filter((row) => row.verdict === 'kept' && row.owner_query_id === null);
    expect(unowned.length).toBeGreaterThan(0);
    const clustered = new Set(
      (await tableRows<{ positive_id: string }>(run.output, 'clusters')).map((row) => row.positive_id),
    );
    for (const { document_id } of unowned) expect(clustered.has(document_id)).toBe(false);
    for (const { verdict, reason } of candidates)
      expect(verdict === 'kept' ? reason === null : !!reason).toBe(true);
  });

  test('another strategy on the same corpus embeds nothing again', async () => {
    const flags = [
      '--set',
      'mining.strategy=margin',
      '--set',
      'mining.unowned=drop',
      '--set',
      'mining.relativeMargin=0.05',
    ];
    const margin = await mine(job, join(directory, 'home'), [...flags, '--output', join(directory, 'out')]);
    expect(margin.stages.embed).toMatchObject({ computed: 0 });
    expect(margin.funnel.dropped.relative_margin).toBeGreaterThan(0);
    expect(margin.runId).not.toBe(run.runId);
  });
});
