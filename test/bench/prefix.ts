import { cpSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModel } from '@quarry/activities/embedder/describe-model';
import { LoadedModel } from '@quarry/activities/embedder/loaded-model';
import { bakePrefix } from '@quarry/activities/embedder/prepare/bake-prefix';
import { prepareModel } from '@quarry/activities/embedder/prepare/prepare-model';
import type { Dependencies } from '@quarry/activities/stages/stage-context';
import { tinyDirectory } from '../unit/models/tiny-models.ts';
import { batchesOf } from './bare-loop.ts';

const THREADS = 2;
const ROUNDS = 5;
/** Texts of 20 to 45 tokens with the whole prompt, and with its system turn baked into the graph. In turn; medians. */
export async function benchPrefix(): Promise<Record<string, number>> {
  const scratch = await mkdtemp(join(tmpdir(), 'quarry-bench-'));
  const directory = join(scratch, 'model');
  try {
    cpSync(tinyDirectory('tiny-qwen2-vl'), directory, { recursive: true });
    const { prepared } = await prepareModel(directory);
    const { tokens } = await bakePrefix(directory, prepared[0]!, 'hierarchical', THREADS);
    const job = { kind: 'generator', path: directory, prompt: 'hierarchical' } as const;
    const open = async (file?: string): Promise<LoadedModel> => {
      const model = file === undefined ? job : { ...job, file };
      return LoadedModel.load((await openModel({ scratch } as Dependencies, model)).settings, THREADS);
    };
    const [baked, whole] = [await open(), await open('onnx/embedding.onnx')];
    const texts = textsOf(whole, 512);
    const seconds = { baked: [] as number[], whole: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      seconds.whole.push(await embedAll(whole, texts));
      seconds.baked.push(await embedAll(baked, texts));
    }
    const wholeTokens = tokensOf(whole, texts);
    const bakedTokens = tokensOf(baked, texts);
    await baked.release();
    await whole.release();
    return {
      texts: texts.length,
      prefixTokens: tokens,
      tokensPerTextWhole: wholeTokens / texts.length,
      tokensPerTextBaked: bakedTokens / texts.length,
      speedup: median(seconds.whole) / median(seconds.baked),
    };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function textsOf(model: LoadedModel, count: number): string[] {
  const words = 'small dog table bridge green field quick brown fox heat body speed old cat'.split(' ');
  const bare = model.tokens({ text: '', image: null }, 'document').ids.length;
  const texts: string[] = [];
  for (let i = 0; texts.length < count; i++) {
    const text = Array.from({ length: 6 + (i % 12) }, (_, j) => words[(i * 7 + j * 3) % words.length]).join(
      ' ',
    );
    const own = model.tokens({ text, image: null }, 'document').ids.length - bare;
    if (own >= 20 && own <= 45) texts.push(text);
  }
  return texts;
}

async function embedAll(model: LoadedModel, texts: readonly string[]): Promise<number> {
  const batches = batchesOf(model, texts);
  const started = performance.now();
  for (const batch of batches) await model.run(batch);
  return (performance.now() - started) / 1000;
}

function tokensOf(model: LoadedModel, texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + model.tokens({ text, image: null }, 'document').ids.length, 0);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
