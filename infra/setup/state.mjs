import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Lies in node_modules, so that it goes when the dependencies go. */
const STAMP = 'node_modules/.quarry-setup.json';
const PACKAGES = ['workflows', 'activities', 'workers'];

/** What an earlier setup left behind: hashes of what it worked from. */
export function readStamp() {
  try {
    return JSON.parse(readFileSync(STAMP, 'utf8'));
  } catch {
    return {};
  }
}

/** Adds to what this setup has done. */
export function stamp(facts) {
  writeFileSync(STAMP, `${JSON.stringify({ ...readStamp(), ...facts })}\n`);
}

/** Changes when the dependencies must be installed again. */
export function dependenciesHash() {
  return hash(['package-lock.json'], `${process.platform} ${process.arch}`);
}

/** Changes when the packages must be built again. */
export function sourcesHash() {
  const files = PACKAGES.flatMap((name) => [
    join(name, 'package.json'),
    join(name, 'tsconfig.json'),
    ...filesIn(join(name, 'src')),
  ]);
  return hash([...files, 'tsconfig.json', 'turbo.json', 'package-lock.json'], '');
}

/** Whether every package has been built at all. */
export function isBuilt() {
  return PACKAGES.every((name) => existsSync(join(name, 'dist')));
}

function filesIn(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesIn(path) : [path];
  });
}

function hash(files, extra) {
  const sum = createHash('sha256').update(extra);
  for (const file of files) sum.update(`\0${file}\0`).update(readFileSync(file));
  return sum.digest('hex');
}
