import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { QuarryError } from '../../failures.ts';
import type { Store } from '../../storage/store.ts';

/** A file that was written, relative to the target. */
export interface ExportedFile {
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
}

/** What was left out, and why. */
export interface LeftOut {
  readonly rows: number;
  readonly reason: string;
}

/**
 * The directory that an export makes. Everything goes to a local directory of another name. A local target is that
 * directory, renamed when all is written: nothing half-written ever stands under its name. Into an object store the files
 * are put one after the other, `README.md` last.
 */
export class ExportTarget {
  /** URI, `file:` or `s3:`. */
  readonly uri: string;
  /** Twelve hex digits of the run and the options: exports that differ differ in it. */
  readonly tag: string;
  readonly #local: string | null;
  readonly #temporary: string;
  readonly #store: Store;
  readonly #rows = new Map<string, number>();
  readonly #leftOut: LeftOut[] = [];
  #examples: number | undefined;
  readonly #open = new Set<{ abandon(): void }>();

  private constructor(uri: string, tag: string, local: string | null, temporary: string, store: Store) {
    this.uri = uri;
    this.tag = tag;
    this.#local = local;
    this.#temporary = temporary;
    this.#store = store;
  }

  /**
   * @param uri of a directory that does not exist or is empty
   * @param scratch absolute local directory of this process alone
   * @throws QuarryError `OutputTaken` where something stands there
   */
  static async open(
    uri: string,
    tag: string,
    scratch: string,
    openStore: (uri: string) => Store,
  ): Promise<ExportTarget> {
    const local = uri.startsWith('file:') ? fileURLToPath(uri).replace(/(?<=.)\/+$/, '') : null;
    const store = openStore(uri);
    if (local !== null) await refuseTaken(local);
    else
      for await (const { uri: found } of store.list(`${uri}/`))
        throw taken(uri, `holds ${found} already; name another place`);
    const temporary = local === null ? join(scratch, 'export') : `${local}.part-${process.pid}`;
    const target = new ExportTarget(uri, tag, local, temporary, store);
    await target.remove();
    await mkdir(temporary, { recursive: true });
    return target;
  }

  /** The last part of its name. */
  get name(): string {
    return basename(this.uri);
  }

  /** The local path to write a file to, whose rows are then told to {@link count}. */
  async path(name: string): Promise<string> {
    const path = join(this.#temporary, name);
    await mkdir(dirname(path), { recursive: true });
    return path;
  }

  count(name: string, rows: number): void {
    this.#rows.set(name, rows);
  }

  /** Counts the queries that have rows. */
  took(examples: number): void {
    this.#examples = (this.#examples ?? 0) + examples;
  }

  /** Nothing to train on was written. */
  get isEmpty(): boolean {
    const rows = [...this.#rows.values()].reduce((sum, of) => sum + of, 0);
    return rows === 0 || this.#examples === 0;
  }

  /** A file being written, to be given up if the export fails. */
  async during<File extends { close(): void; abandon(): void }>(
    file: File,
    fill: (file: File) => Promise<void>,
  ): Promise<void> {
    this.#open.add(file);
    await fill(file);
    file.close();
    this.#open.delete(file);
  }

  /** Writes image files by `write`, which is given where a name goes and returns how many there are. */
  async images(write: (path: (name: string) => Promise<string>) => Promise<number>): Promise<void> {
    const names = new Set<string>();
    await write((name) => {
      names.add(name);
      return this.path(name);
    });
    for (const name of names) this.count(name, 0);
  }

  /** Rows of equal reasons are added up. */
  leaveOut(rows: number, reason: string): void {
    const known = this.#leftOut.findIndex((left) => left.reason === reason);
    if (known >= 0) rows += this.#leftOut.splice(known, 1)[0]!.rows;
    if (rows > 0) this.#leftOut.push({ rows, reason });
  }

  get leftOut(): readonly LeftOut[] {
    return this.#leftOut;
  }

  /** Gives the directory its name. */
  async finish(): Promise<readonly ExportedFile[]> {
    const files = [];
    for (const [path, rows] of this.#rows)
      files.push({ path, rows, bytes: (await stat(join(this.#temporary, path))).size });
    if (this.#local !== null) await this.#rename(this.#local);
    else
      for (const { path } of files)
        await this.#store.putFile(join(this.#temporary, path), `${this.uri}/${path}`);
    return files;
  }

  /** Removes what was written and not finished. */
  async remove(): Promise<void> {
    for (const file of this.#open) file.abandon();
    await rm(this.#temporary, { recursive: true, force: true });
  }

  async #rename(local: string): Promise<void> {
    try {
      await rename(this.#temporary, local);
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
        throw error;
      throw taken(local, 'was made by somebody else meanwhile; name another directory');
    }
  }
}

async function refuseTaken(directory: string): Promise<void> {
  const found = await stat(directory).catch(absent);
  if (found && !found.isDirectory())
    throw taken(directory, 'is a file; an export is a directory: name another');
  if (found && (await readdir(directory)).length > 0)
    throw taken(directory, 'exists and is not empty; name another directory, or remove it first');
}

function taken(place: string, why: string): QuarryError {
  return new QuarryError('OutputTaken', `--to ${place} ${why}`);
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
