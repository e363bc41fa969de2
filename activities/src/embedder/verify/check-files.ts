import { join } from 'node:path';
import { hashFile } from '../../stages/unit.ts';
import { DIRECTORY_MANIFEST, readDirectoryManifest } from '../directory-manifest.ts';
import { type Check, failed, ok, skipped } from './check.ts';

/** Every file that quarry.json names has the content that it says. */
export async function checkFiles(directory: string): Promise<Check> {
  const name = 'files';
  const manifest = await readDirectoryManifest(directory);
  if (manifest === null)
    return skipped(name, `no ${DIRECTORY_MANIFEST}; quarry model prepare and pull write one`);
  const wrong: string[] = [];
  for (const [path, { sha256, bytes }] of Object.entries(manifest.files)) {
    const actual = await hashFile(join(directory, path)).catch(() => null);
    if (actual === null) wrong.push(`${path} is missing`);
    else if (actual !== sha256)
      wrong.push(
        `${path} has sha256 ${actual.slice(0, 12)}..., not ${sha256.slice(0, 12)}... (${bytes} bytes)`,
      );
  }
  const count = Object.keys(manifest.files).length;
  if (wrong.length === 0) return ok(name, `${count} files are what ${DIRECTORY_MANIFEST} says`);
  return failed(
    name,
    `${wrong.join('; ')}: damaged or changed since; fetch the model again, or run quarry model prepare where the change was meant`,
  );
}
