import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb, sqlText } from '@quarry/activities/tables/duckdb';
import sharp from 'sharp';
import { watchedMine } from './watched-mine.ts';

const ROWS = 300;

/**
 * Peak memory of every process of a run over images of 270 kB that the input's table brings as bytes, all in one shard,
 * embedded by the bundled multimodal model and written into the tables as bytes; and of four times as many.
 */
export async function benchImageMemory(): Promise<Record<string, unknown>> {
  const directory = await mkdtemp(join(tmpdir(), 'quarry-image-memory-'));
  try {
    const figures: Record<string, unknown> = {};
    for (const times of [1, 4]) {
      const folder = join(directory, `${times}`);
      const rows = ROWS * times;
      const job = {
        name: 'memory',
        input: {
          format: 'pairs',
          path: 'pairs.parquet',
          columns: { queryImage: 'image', positive: 'caption' },
        },
        model: { kind: 'generator', path: 'bundled:quarry-mini' },
        mining: { strategy: 'margin' },
        execution: { shardRows: rows, partRows: rows },
      };
      const tableMiB = await writePairs(folder, rows);
      await writeFile(join(folder, 'job.json'), JSON.stringify(job));
      const { processes, wallSeconds } = await watchedMine(join(folder, 'job.json'), join(directory, 'home'));
      const peakMiB = Object.fromEntries(Object.entries(processes).map(([role, one]) => [role, one.peakMiB]));
      figures[`${rows} images`] = { tableMiB, wallSeconds, peakMiB };
    }
    return figures;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Pictures of noise, no two alike, in one Parquet table; gives its size in MiB. */
async function writePairs(folder: string, rows: number): Promise<number> {
  await mkdir(join(folder, 'pictures'), { recursive: true });
  let bytes = 0;
  for (let i = 0; i < rows; i++) {
    const noise = { type: 'gaussian', mean: 128, sigma: 20 + (i % 60) } as const;
    const create = { width: 320, height: 280, channels: 3, background: 'black', noise } as const;
    const picture = await sharp({ create }).png({ compressionLevel: 1 }).toBuffer();
    bytes += picture.length;
    await writeFile(join(folder, 'pictures', `${i}.png`), picture);
  }
  const { connection, close } = await openDuckDb({ directory: join(folder, 'duckdb') });
  await connection.run(
    `COPY (SELECT {bytes: content, path: filename} AS image, 'caption of ' || filename AS caption
           FROM read_blob(${sqlText(join(folder, 'pictures/*.png'))}))
     TO ${sqlText(join(folder, 'pairs.parquet'))} (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
  );
  close();
  return Math.round(bytes / 2 ** 20);
}
