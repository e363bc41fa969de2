import { resolve } from 'node:path';
import { type Prepared, prepareModel } from '@quarry/activities/embedder/prepare/prepare-model';
import { QuarryError } from '@quarry/activities/failures';
import { CommandError, type ExitCode } from '../command-error.ts';
import type { Settings } from '../settings.ts';
import { bytes } from '../view/format.ts';

export interface PrepareOptions {
  readonly json?: boolean;
}

/** `quarry model prepare DIR`: rewrites a generator's decoders once, beside the originals. */
export async function prepare(
  directory: string,
  options: PrepareOptions,
  settings: Settings,
): Promise<ExitCode> {
  try {
    const { prepared } = await prepareModel(resolve(settings.directory, directory));
    if (options.json) console.log(JSON.stringify({ prepared }));
    else console.log(prepared.flatMap(preparedLines).join('\n'));
    return 0;
  } catch (error) {
    if (error instanceof QuarryError) throw new CommandError(2, error.message, { cause: error });
    throw error;
  }
}

function preparedLines({ graph, from, head, norm, bytes: size }: Prepared): string[] {
  return [`${graph} (${bytes(size)}) from ${from}: cut ${head}, takes the state after ${norm}`];
}
