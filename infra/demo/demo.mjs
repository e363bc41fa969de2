/**
 * `npm run demo`: mines the demo's job, looks into the result, and says how to go on. `npm run demo -- images`: the same
 * with drawn pictures.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const JOBS = { words: 'demo.yaml', images: 'images.yaml' };
const name = process.argv[2] ?? 'words';
if (!Object.hasOwn(JOBS, name)) {
  console.error(`${name} is no demo; there are ${Object.keys(JOBS).join(', ')}`);
  process.exit(2);
}
const job = join(root, 'infra/demo', JOBS[name]);

process.on('SIGINT', () => {}); // the command hears it as well, cancels the run and ends
const mined = await quarry('mine', job, '--json');
if (mined.code !== 0) process.exit(mined.code);
const run = runDirectory(JSON.parse(mined.lastLine).manifest);

const inspected = await quarry('inspect', run, '--sample', '3');
if (inspected.code !== 0) process.exit(inspected.code);

console.log(`
The training data: ${run}/data (Parquet). One line loads it:
  datasets   load_dataset("${run}", "triplet", split="train")
  pandas     pd.read_parquet("${run}/data/triplet")
  DuckDB     SELECT * FROM '${run}/data/triplet/*.parquet'
What was found, to read: ${run}/${existsSync(join(root, run, 'report.html')) ? 'report.html' : 'README.md'}
Every figure of the run: ${run}/report.json
The workflows, in Temporal's Web UI: npx quarry up`);

/** Runs the command; its standard output is shown, except for the JSON that ends it. */
async function quarry(...args) {
  console.log(`$ npx quarry ${args.join(' ').replaceAll(root, '')}`);
  const child = spawn(process.execPath, [join(root, 'workers/bin/quarry.js'), ...args], {
    cwd: root,
    stdio: ['inherit', 'pipe', 'inherit'],
  });
  let rest = '';
  let lastLine = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (!args.includes('--json') || !line.startsWith('{')) console.log(line);
      lastLine = line;
    }
  });
  const code = await new Promise((resolve) => child.once('close', (status) => resolve(status ?? 1)));
  return { code, lastLine: rest || lastLine };
}

/** The run's directory, short where it lies below the repository's root. */
function runDirectory(manifest) {
  const path = dirname(manifest.startsWith('file:') ? fileURLToPath(manifest) : manifest);
  const near = relative(root, path);
  return near.startsWith('..') || path.includes('://') ? path : near;
}
