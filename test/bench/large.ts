import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeNpy } from '@quarry/activities/tables/npy';
import { mixture } from '../support/write-job.ts';
import { watchedMine } from './watched-mine.ts';

const ROWS = 50_000;
const DIMENSION = 384;

/**
 * 50,000 x 50,000 given vectors through the whole pipeline, from the command to committed Parquet: wall seconds, CPU
 * seconds and peak memory by process, computing seconds by stage; with `margin` and with `saha`.
 */
export async function benchLarge(): Promise<Record<string, unknown>> {
  const directory = await mkdtemp(join(tmpdir(), 'quarry-large-'));
  try {
    const documents = mixture(ROWS, DIMENSION, 1);
    await writeFile(join(directory, 'documents.npy'), encodeNpy(documents, [ROWS, DIMENSION]));
    await writeFile(
      join(directory, 'queries.npy'),
      encodeNpy(mixture(ROWS, DIMENSION, 2, documents), [ROWS, DIMENSION]),
    );
    await writePairs(join(directory, 'pairs.jsonl'));
    const figures: Record<string, unknown> = {};
    for (const strategy of ['margin', 'saha'] as const) {
      const job = {
        name: 'large',
        input: { format: 'pairs', path: 'pairs.jsonl' },
        model: { kind: 'vectors', queries: 'queries.npy', documents: 'documents.npy' },
        mining: strategy === 'margin' ? { strategy, relativeMargin: 0.05, rangeMax: 90 } : { strategy },
        output: { path: `out-${strategy}` },
      };
      const file = join(directory, `${strategy}.json`);
      await writeFile(file, JSON.stringify(job));
      const { wallSeconds, processes, result } = await watchedMine(file, join(directory, 'home'));
      const stages = Object.fromEntries(
        Object.entries(result.stages).map(([stage, { seconds }]) => [stage, seconds]),
      );
      figures[strategy] = { wallSeconds, overhead: result.overhead, stages, processes };
    }
    return figures;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Texts of about 100 and 500 characters: given vectors need none, but the output joins them. */
async function writePairs(path: string): Promise<void> {
  const file = createWriteStream(path);
  for (let i = 0; i < ROWS; i++) {
    const row = {
      query: `query ${i} ${'asks for something '.repeat(5)}`,
      positive: `document ${i} ${'says a great deal about it '.repeat(18)}`,
    };
    if (!file.write(`${JSON.stringify(row)}\n`))
      await new Promise<void>((resolve) => file.once('drain', resolve));
  }
  await new Promise<void>((resolve) => file.end(resolve));
}
