import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readParquet } from '@quarry/activities/dataset/read-parquet';
import { openDuckDb, sqlText } from '@quarry/activities/tables/duckdb';
import { expect, it } from 'vitest';
import { stageContext, temporaryDirectory } from './planned-input.ts';

const ROWS = 320;
/** Hexadecimal digits of a hash that DuckDB repeats until a row has 1.2 MB. */
const REPEATED = 600;

it('reads a row group of pictures that is larger than what DuckDB may usually take', async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, 'pictures.parquet');
  const { connection, close } = await openDuckDb({ directory: join(directory, 'made'), memoryLimit: '6GB' });
  // 393 MB that do not compress: 19,200 hashes in a row, each of its own.
  await connection.run(`
    COPY (SELECT {bytes: string_agg(sha256(r || ':' || i), '' ORDER BY i)::BLOB, path: r || '.png'} AS image, r AS id
          FROM range(${ROWS}) t(r), range(${REPEATED * 32}) u(i) GROUP BY r ORDER BY r)
    TO ${sqlText(path)} (FORMAT parquet, COMPRESSION uncompressed, ROW_GROUP_SIZE 2048)`);
  close();
  const { size } = await stat(path);
  expect(size).toBeGreaterThan(390e6);
  const file = { name: 'pictures.parquet', uri: pathToFileURL(path).href, bytes: size, version: '1' };
  const context = stageContext(join(directory, 'scratch'));
  let rows = 0;
  for await (const chunk of readParquet(context, file, ['image', 'id'], join(directory, 'read'))) {
    for (const { values } of chunk) {
      const { image, id } = values as unknown as { image: { bytes: Uint8Array; path: string }; id: bigint };
      expect(image.path).toBe(`${id}.png`);
      const first = createHash('sha256').update(`${id}:0`).digest('hex');
      expect(Buffer.from(image.bytes.subarray(0, 64)).toString()).toBe(first);
      expect(image.bytes.length).toBe(64 * REPEATED * 32);
      rows++;
    }
  }
  expect(rows).toBe(ROWS);
}, 120_000);
