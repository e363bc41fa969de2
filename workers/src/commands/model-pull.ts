import { QuarryError } from '@quarry/activities/failures';
import { parseHubReference } from '@quarry/activities/hub/hub-reference';
import { pullModel } from '@quarry/activities/hub/pull-model';
import { CommandError, type ExitCode } from '../command-error.ts';
import { generatorJob } from '../job/generator-job.ts';
import type { Settings } from '../settings.ts';
import { bytes } from '../view/format.ts';

export interface PullOptions {
  readonly dtype?: string;
  readonly file?: string;
  readonly encoder?: boolean;
  readonly json?: boolean;
}

/** `quarry model pull hf:owner/name[@revision]`: fetches the files that a model is run from, and no others. */
export async function pull(reference: string, options: PullOptions, settings: Settings): Promise<ExitCode> {
  const { dtype, file } = options;
  const wanted = options.encoder
    ? ({ kind: 'encoder', file: file ?? 'onnx/model.onnx' } as const)
    : generatorJob(reference, { dtype, file });
  try {
    const pulled = await pullModel(parseHubReference(reference), wanted, {
      ...settings.hub,
      notice: console.error,
    });
    if (options.json) console.log(JSON.stringify(pulled));
    else {
      const what =
        pulled.fetched.length === 0
          ? 'everything was there'
          : `${pulled.fetched.length} files, ${bytes(pulled.bytes)}: ${pulled.fetched.join(', ')}`;
      console.log(`${pulled.directory}\nrevision ${pulled.revision}; ${what}`);
    }
    return 0;
  } catch (error) {
    if (error instanceof QuarryError) throw new CommandError(1, error.message, { cause: error });
    throw error;
  }
}
