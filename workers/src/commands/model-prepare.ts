import { resolve } from 'node:path';
import { type Baked, bakePrefix } from '@quarry/activities/embedder/prepare/bake-prefix';
import { type Prepared, prepareModel } from '@quarry/activities/embedder/prepare/prepare-model';
import { QuarryError } from '@quarry/activities/failures';
import { CommandError, type ExitCode } from '../command-error.ts';
import type { Settings } from '../settings.ts';
import { bytes } from '../view/format.ts';

export interface PrepareOptions {
  /** The prompt whose system turn is baked in; true: the default one. */
  readonly prefix?: true | string;
  readonly json?: boolean;
}

const THREADS = 2;

/** `quarry model prepare DIR`: rewrites a generator's decoders once, beside the originals. */
export async function prepare(
  directory: string,
  options: PrepareOptions,
  settings: Settings,
): Promise<ExitCode> {
  refuseReference(directory);
  try {
    const local = resolve(settings.directory, directory);
    const { prepared } = await prepareModel(local);
    const baked: Baked[] = [];
    if (options.prefix !== undefined) {
      const prompt = promptOf(options.prefix);
      for (const one of prepared) baked.push(await bakePrefix(local, one, prompt, THREADS));
    }
    if (options.json) console.log(JSON.stringify({ prepared, baked }));
    else console.log([...prepared.flatMap(preparedLines), ...baked.map(bakedLine)].join('\n'));
    return 0;
  } catch (error) {
    if (error instanceof QuarryError) throw new CommandError(2, error.message, { cause: error });
    throw error;
  }
}

/** What is prepared stays beside the original, so there must be a directory. */
function refuseReference(given: string): void {
  const scheme = /^(hf|s3|bundled):/.exec(given)?.[1];
  if (scheme === undefined) return;
  const advice =
    scheme === 'hf'
      ? `fetch it with quarry model pull ${given}, which prints its directory`
      : scheme === 's3'
        ? 'prepare a local copy and upload what is written, or leave it: a run prepares it by itself'
        : 'a run prepares it by itself';
  throw new CommandError(2, `quarry model prepare takes a local directory, not ${given}; ${advice}`);
}

function promptOf(prefix: true | string): 'hierarchical' | 'system' {
  if (prefix === true || prefix === 'hierarchical') return 'hierarchical';
  if (prefix === 'system') return 'system';
  throw new CommandError(
    2,
    `--prefix ${prefix}: use hierarchical or system; the other prompts have no system turn`,
  );
}

function bakedLine({ graph, detail }: Baked): string {
  return `${graph}: ${detail}`;
}

function preparedLines({ graph, from, head, norm, bytes: size }: Prepared): string[] {
  return [`${graph} (${bytes(size)}) from ${from}: cut ${head}, takes the state after ${norm}`];
}
