import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job } from '@quarry/workflows';
import { QuarryError } from '../../failures.ts';
import type { Dependencies } from '../../stages/stage-context.ts';
import { openModel } from '../describe-model.ts';
import { readDirectoryManifest, writeDirectoryManifest } from '../directory-manifest.ts';
import { LoadedModel } from '../loaded-model.ts';
import { readModelFiles } from '../model-files.ts';
import { preparedPath } from '../model-graphs.ts';
import { ModelSession } from '../model-session.ts';
import type { GeneratorSettings } from '../model-settings.ts';
import { OnnxFile } from '../onnx/onnx-file.ts';
import { PREFIX_TOLERANCE, prefixDifference } from '../verify/check-prefix.ts';
import { type PrefixState, prefixObstacle, writePrefixGraph } from './prefix-graph.ts';
import type { Prepared } from './prepare-model.ts';

/** What became of one graph's prefix. */
export interface Baked {
  readonly graph: string;
  /** Tokens baked in; 0: none, for the reason given. */
  readonly tokens: number;
  readonly detail: string;
}

type Prompt = Extract<Job['model'], { kind: 'generator' }>['prompt'];

/** Beginnings of a text in several scripts, so that what prompts share is the prompt's own. */
const PROBES = ['a', 'Zebra', '1', ' x', '\nline', '猫', ''];

/**
 * Bakes the system turn into a prepared graph as keys and values of earlier tokens, beside it: what every prompt begins
 * with is computed once for all. Equality with the whole sequence is measured before the graph appears.
 *
 * @throws QuarryError BadModel where the vectors would differ
 */
export async function bakePrefix(
  directory: string,
  prepared: Prepared,
  prompt: Prompt,
  threads: number,
): Promise<Baked> {
  const { graph, from, head, norm } = prepared;
  const file = OnnxFile.read(join(directory, graph));
  const obstacle = prefixObstacle(file);
  if (obstacle !== null) return { graph, tokens: 0, detail: `no prefix baked in: ${obstacle}` };
  const { settings } = await openModel({ scratch: directory } as Dependencies, {
    kind: 'generator',
    path: directory,
    file: graph,
    prompt,
  });
  const generator = settings as GeneratorSettings;
  const whole = await LoadedModel.load(settings, threads);
  const target = preparedPath(from, true)!;
  const partial = `${target}.partial`;
  try {
    const ids = await sharedPrefix(directory, whole);
    if (ids.length === 0)
      return { graph, tokens: 0, detail: 'no prefix baked in: prompts share no beginning' };
    const states = await prefixStates(generator, from, ids, threads);
    const written = await writePrefixGraph(file, join(directory, partial), states);
    const baked = await LoadedModel.load({ ...generator, graph: partial, prefix: ids }, threads);
    const by = await prefixDifference(baked, whole);
    await baked.release();
    if (!(by <= PREFIX_TOLERANCE)) {
      throw new QuarryError(
        'BadModel',
        `${directory}/${graph}: with the prefix baked in, vectors differ by ${by} from the whole sequence; prepare it without --prefix`,
      );
    }
    await rename(join(directory, partial), join(directory, target));
    const before = await readDirectoryManifest(directory);
    const entry = { from, head, norm, prefix: { system: generator.prompt.system, ids } };
    await writeDirectoryManifest(
      directory,
      { prepared: { ...before?.prepared, [target]: entry } },
      { ...before?.files, [target]: written },
    );
    return {
      graph: target,
      tokens: ids.length,
      detail: `${ids.length} tokens of the system turn baked in; vectors differ by ${by.toExponential(1)} from the whole sequence`,
    };
  } finally {
    await whole.release();
    await rm(join(directory, partial), { force: true });
  }
}

/** Ids that all prompts begin with, up to the last special token: behind it a text may join what stands before it. */
async function sharedPrefix(directory: string, model: LoadedModel): Promise<readonly number[]> {
  const { tokenizer } = await readModelFiles(directory, null);
  const special = new Set((tokenizer.added_tokens ?? []).map(({ id }) => id));
  const rows = PROBES.flatMap((text) =>
    (['query', 'document'] as const).map((side) => model.tokens({ text, image: null }, side).ids),
  );
  const [first, ...others] = rows;
  let shared = 0;
  while (shared < first!.length && others.every((ids) => ids[shared] === first![shared])) shared++;
  const common = first!.slice(0, shared);
  return common.slice(0, common.findLastIndex((id) => special.has(id)) + 1);
}

/** Keys and values of the prefix, by the original graph. */
async function prefixStates(
  settings: GeneratorSettings,
  from: string,
  ids: readonly number[],
  threads: number,
): Promise<PrefixState[]> {
  const session = await ModelSession.open({ ...settings, graph: from }, 0, threads, ['logits']);
  try {
    const names = session.signature.past.map(({ name }) => name);
    const present = names.map((name) => name.replace(/^past_key_values/, 'present'));
    const row = { ids, truncated: false, image: null };
    const outputs = await session.outputs(present, [row], 1, ids.length);
    return names.map((input, i) => {
      const tensor = outputs[present[i]!]!;
      const { buffer, byteOffset, byteLength } = tensor.data as Float32Array | Uint16Array;
      const raw = new Uint8Array(buffer, byteOffset, byteLength).slice();
      return { input, element: tensor.type as 'float32' | 'float16', shape: tensor.dims, raw };
    });
  } finally {
    await session.release();
  }
}
