import { stopIfAborted } from '../../index/vector-index.ts';
import { CrossEncoder } from '../../judges/cross-encoder.ts';
import { GeneratorJudge } from '../../judges/generator-judge.ts';
import type { Judge, JudgeSettings, TextPair } from '../../judges/judge-model.ts';
import type { Kernel } from '../kernel.ts';

export interface JudgePairsInput {
  readonly settings: JudgeSettings;
  /** The judge's identity: a loaded one is kept under it. */
  readonly sha256: string;
  /** Threads of onnxruntime. */
  readonly threads: number;
  readonly pairs: readonly TextPair[];
}

export interface JudgePairsOutput {
  /** float32 [pairs]: log-odds */
  readonly scores: Float32Array;
}

let loaded: { readonly key: string; readonly judge: Judge } | null = null;

/** Scores some pairs of texts. The model stays loaded for the next call. Memory: the model, one batch, the texts. */
export const run: Kernel<JudgePairsInput, JudgePairsOutput> = async (input, control) => {
  const judge = await load(input);
  return { scores: await judge.score(input.pairs, () => stopIfAborted(control)) };
};

async function load({ settings, sha256, threads }: JudgePairsInput): Promise<Judge> {
  const key = `${sha256} ${settings.directory} ${threads}`;
  if (loaded?.key === key) return loaded.judge;
  const before = loaded;
  loaded = null;
  await before?.judge.release();
  const judge =
    settings.kind === 'judge'
      ? await GeneratorJudge.load(settings, threads)
      : await CrossEncoder.load(settings, threads);
  loaded = { key, judge };
  return judge;
}
