import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RunRef, StageName, UnitResult } from '@quarry/workflows';
import { QuarryError } from '../failures.ts';
import { decodeNpy, encodeNpy, type Npy, type NpyArray } from '../tables/npy.ts';
import { unitDirectory } from './run-document.ts';
import type { CacheAccess, Dependencies, StageContext } from './stage-context.ts';

/**
 * One mechanism for retries, resume, other thresholds and grown corpora: a unit's output lies at
 * `<cache>/<stage>/<key>/`, with `done.json` put there last. It is there: the unit is done and is not run again.
 */

/** What `done.json` holds. */
export interface Done {
  readonly stage: StageName;
  readonly key: string;
  readonly rows: number;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
  /** Small facts for later stages and the report (counts, sums, histograms). */
  readonly figures: Readonly<Record<string, unknown>>;
}

/** key = sha256(stage and its version, the parameters it uses, the keys of its inputs); 32 hex digits. */
export function unitKey(
  stage: StageName,
  version: number,
  parameters: unknown,
  inputs: readonly string[],
): string {
  return createHash('sha256')
    .update(JSON.stringify([stage, version, parameters, inputs]))
    .digest('hex')
    .slice(0, 32);
}

/** Where a unit puts its files while it works. */
export class UnitOutput {
  readonly #names: string[] = [];

  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Declares a file and gives the local path to write it to. Names may hold slashes. */
  async path(name: string): Promise<string> {
    this.#names.push(name);
    const path = join(this.directory, name);
    await mkdir(dirname(path), { recursive: true });
    return path;
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    await writeFile(await this.path(name), bytes);
  }

  async writeNpy(name: string, data: NpyArray, shape?: readonly number[]): Promise<void> {
    await this.write(name, encodeNpy(data, shape));
  }

  get names(): readonly string[] {
    return this.#names;
  }
}

/** Returns the unit's output from the cache, or computes it and puts it there. */
export async function memoised(
  context: StageContext,
  run: Pick<RunRef, 'cache'>,
  stage: StageName,
  key: string,
  compute: (output: UnitOutput) => Promise<{ rows: number; figures?: Record<string, unknown> }>,
): Promise<UnitResult> {
  const directory = unitDirectory(run.cache, stage, key);
  const uri = `${directory}/done.json`;
  const store = context.openStore(uri);
  const started = Date.now();
  const present = await store.readIfPresent(uri);
  if (present) return result(directory, present, true, started, started);

  await mkdir(context.scratch, { recursive: true });
  const local = await mkdtemp(join(context.scratch, `${stage}-`));
  try {
    const output = new UnitOutput(local);
    const { rows, figures = {} } = await compute(output);
    context.signal.throwIfAborted();
    const files: Done['files'][number][] = [];
    for (const name of output.names) {
      const path = join(local, name);
      files.push({ name, bytes: (await stat(path)).size, sha256: await hashFile(path) });
      await store.putFile(path, `${directory}/${name}`);
    }
    const done: Done = { stage, key, rows, files, figures };
    const bytes = new TextEncoder().encode(JSON.stringify(done));
    await store.writeIfAbsent(uri, bytes);
    return result(directory, bytes, false, started, Date.now());
  } finally {
    await rm(local, { recursive: true, force: true });
  }
}

/** Reads what a unit put out; a QuarryError where it is not there. */
export async function readDone(
  dependencies: Dependencies,
  cache: string,
  stage: StageName,
  key: string,
): Promise<Done> {
  const uri = `${unitDirectory(cache, stage, key)}/done.json`;
  const bytes = await dependencies.openStore(uri).readIfPresent(uri);
  if (!bytes)
    throw new QuarryError(
      'BadArtefact',
      `${uri} is not there: the cache was cleared while the run was going on; start the job again`,
    );
  return JSON.parse(new TextDecoder().decode(bytes)) as Done;
}

/** One array of a unit's output. */
export async function readUnitNpy<A extends NpyArray>(
  dependencies: CacheAccess,
  cache: string,
  stage: StageName,
  key: string,
  name: string,
): Promise<Npy<A>> {
  const uri = `${unitDirectory(cache, stage, key)}/${name}`;
  return decodeNpy<A>(await dependencies.openStore(uri).read(uri), uri);
}

/** A local path to one file of a unit's output, for native readers and kernels. */
export function unitFile(
  dependencies: Dependencies,
  cache: string,
  stage: StageName,
  key: string,
  name: string,
): Promise<string> {
  const uri = `${unitDirectory(cache, stage, key)}/${name}`;
  return dependencies.openStore(uri).localCopy(uri, join(dependencies.scratch, 'copies'));
}

function result(
  directory: string,
  bytes: Uint8Array,
  reused: boolean,
  started: number,
  ended: number,
): UnitResult {
  const done = JSON.parse(new TextDecoder().decode(bytes)) as Done;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { output: { uri: directory, rows: done.rows, sha256 }, reused, started, ended };
}

/** sha256 of a local file, hex. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
