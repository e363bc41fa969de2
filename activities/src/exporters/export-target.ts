import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { QuarryError } from '../failures.ts';
import { LineFile } from './line-file.ts';

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
 * The directory that an export makes. Everything goes to a directory of another name beside it, which is renamed when
 * all is written: nothing half-written ever stands under the target's name.
 */
export class ExportTarget {
  readonly #directory: string;
  readonly #temporary: string;
  readonly #rows = new Map<string, number>();
  readonly #leftOut: LeftOut[] = [];
  readonly #open = new Set<LineFile>();

  private constructor(directory: string) {
    this.#directory = directory;
    this.#temporary = `${directory}.part-${process.pid}`;
  }

  /** @throws QuarryError `OutputTaken` where `directory` (absolute) exists and is not an empty directory */
  static async open(directory: string): Promise<ExportTarget> {
    const found = await stat(directory).catch(absent);
    if (found && !found.isDirectory())
      throw taken(directory, 'is a file; an export is a directory: name another');
    if (found && (await readdir(directory)).length > 0)
      throw taken(directory, 'exists and is not empty; name another directory, or remove it first');
    const target = new ExportTarget(directory);
    await target.remove();
    await mkdir(target.#temporary, { recursive: true });
    return target;
  }

  /** The local path to write a file to, whose rows are then told to {@link count}. */
  async path(name: string): Promise<string> {
    const path = join(this.#temporary, name);
    await mkdir(dirname(path), { recursive: true });
    return path;
  }

  /** The local path that a file will have in the end. */
  final(name: string): string {
    return join(this.#directory, name);
  }

  count(name: string, rows: number): void {
    this.#rows.set(name, rows);
  }

  /** Writes one text file by `fill`, which returns its rows. */
  async lines(name: string, fill: (file: LineFile) => Promise<number>): Promise<void> {
    const file = new LineFile(await this.path(name));
    this.#open.add(file);
    const rows = await fill(file);
    await file.close();
    this.#open.delete(file);
    this.count(name, rows);
  }

  leaveOut(rows: number, reason: string): void {
    if (rows > 0) this.#leftOut.push({ rows, reason });
  }

  /** Gives the directory its name. */
  async finish(): Promise<{ readonly files: readonly ExportedFile[]; readonly leftOut: readonly LeftOut[] }> {
    const files = [];
    for (const [path, rows] of this.#rows)
      files.push({ path, rows, bytes: (await stat(join(this.#temporary, path))).size });
    try {
      await rename(this.#temporary, this.#directory);
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
        throw error;
      throw taken(this.#directory, 'was made by somebody else meanwhile; name another directory');
    }
    return { files, leftOut: this.#leftOut };
  }

  /** Removes what was written and not finished. */
  async remove(): Promise<void> {
    for (const file of this.#open) file.abandon();
    await rm(this.#temporary, { recursive: true, force: true });
  }
}

function taken(directory: string, why: string): QuarryError {
  return new QuarryError('OutputTaken', `--to ${directory} ${why}`);
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
