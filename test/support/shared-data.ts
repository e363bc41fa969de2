import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../shared', import.meta.url));

/** A folder of `../shared` (`data/scifact`, `golden/saha`), or null, said aloud, where it is missing. */
export function shared(path: string): string | null {
  const data = process.env.QUARRY_TEST_DATA;
  const found = data && path.startsWith('data/') ? join(data, path.slice('data/'.length)) : join(root, path);
  if (existsSync(found)) return found;
  console.warn(`skipped: ${found} is missing (set QUARRY_TEST_DATA or lay shared/ beside the project)`);
  return null;
}
