import { QuarryError } from '../failures.ts';
import type { StageContext } from '../stages/stage-context.ts';
import type { Source } from './staging.ts';

/** One file of the input. */
export interface InputFile {
  readonly uri: string;
  /** Name in messages and in `quarantine.jsonl`: relative to the input's directory. */
  readonly name: string;
  readonly bytes: number;
}

/** The files of an input, by what their rows are; several where a source is spread over files. */
export type InputFiles = Readonly<Partial<Record<Source, readonly InputFile[]>>>;

/** Files named in a message about a missing one. */
const LISTED = 20;

/** What to look for: the first of `names` (or of their `.gz` variants) that is there. */
export interface Wanted {
  /** URI of the directory, without a trailing slash. */
  readonly directory: string;
  readonly names: readonly string[];
  /** What the file should hold, for the message. */
  readonly expected: string;
}

/** The file, or null where neither it nor its `.gz` variant is there. */
export async function lookForFile(
  context: StageContext,
  { directory, names }: Wanted,
): Promise<InputFile | null> {
  const store = context.openStore(directory);
  for (const name of names.flatMap((plain) => [plain, `${plain}.gz`])) {
    const uri = `${directory}/${name}`;
    const bytes = await store.size(uri);
    if (bytes !== null) return { uri, name, bytes };
  }
  return null;
}

/**
 * @throws QuarryError BadJob where it is missing: names the path, what was expected, and what lies in the directory
 */
export async function findFile(context: StageContext, wanted: Wanted): Promise<InputFile> {
  const file = await lookForFile(context, wanted);
  if (file) return file;
  const { directory, names, expected } = wanted;
  const [name] = names;
  throw new QuarryError(
    'BadJob',
    `${directory}/${name} (or ${name}.gz) is not there; expected ${expected}. ${await contents(context, directory)}`,
  );
}

/** Directory and name of a file's URI. */
export function splitUri(uri: string): { readonly directory: string; readonly name: string } {
  const at = uri.lastIndexOf('/');
  return { directory: uri.slice(0, at), name: uri.slice(at + 1) };
}

/** URI of a directory without trailing slashes. */
export function trimSlashes(uri: string): string {
  return uri.replace(/(?<=[^/:])\/+$/, '');
}

async function contents(context: StageContext, directory: string): Promise<string> {
  const names: string[] = [];
  for await (const { uri } of context.openStore(directory).list(`${directory}/`)) {
    if (names.length === LISTED) return `${directory} holds ${names.join(', ')} and more`;
    names.push(decodeURI(uri.slice(directory.length + 1)));
  }
  return names.length > 0
    ? `${directory} holds ${names.join(', ')}`
    : `${directory} does not exist or is empty; paths in a job are relative to the job file`;
}
