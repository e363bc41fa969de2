import type { LoadedModel } from '../loaded-model.ts';
import type { ModelRow } from '../row-tokens.ts';
import type { Batch } from '../shaped-batches.ts';
import { type Check, ok } from './check.ts';
import { patternImage } from './check-images.ts';
import { PROMPTS } from './prompts.ts';

/** Measured for so long at least, a warm-up before it. */
const SECONDS = 1;
const MOST_ROUNDS = 200;

/** Tokens and images per second in the batches that a run makes, and the process's memory. */
export async function measureSpeed(model: LoadedModel, threads: number): Promise<Check> {
  const texts = PROMPTS.map((text) => model.tokens({ text, image: null }, 'document'));
  const perRound = texts.reduce((sum, { ids }) => sum + ids.length, 0);
  const rounds = await roundsPerSecond(model, texts);
  const parts = [`${Math.round(rounds * perRound)} tokens/s (${(rounds * texts.length).toFixed(1)} texts/s)`];
  const vision = model.settings.kind === 'generator' ? model.settings.vision : null;
  if (vision) {
    const image = model.tokens({ text: null, image: patternImage(vision.images, 1) }, 'document');
    parts.push(
      `${(await roundsPerSecond(model, [image])).toFixed(1)} images/s (of ${image.ids.length} tokens with the prompt)`,
    );
  }
  const memory = `${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB of memory`;
  return ok('speed', `${parts.join(', ')}, ${threads} ${threads === 1 ? 'thread' : 'threads'}, ${memory}`);
}

async function roundsPerSecond(model: LoadedModel, rows: readonly ModelRow[]): Promise<number> {
  const batches = batchesOf(model, rows);
  const round = async (): Promise<void> => {
    for (const batch of batches) await model.run(batch);
  };
  await round();
  const started = performance.now();
  let rounds = 0;
  let seconds = 0;
  for (; seconds < SECONDS && rounds < MOST_ROUNDS; rounds++) {
    await round();
    seconds = (performance.now() - started) / 1000;
  }
  return rounds / seconds;
}

function batchesOf(model: LoadedModel, rows: readonly ModelRow[]): readonly Batch<ModelRow>[] {
  const shaped = model.batches<ModelRow>();
  const full = rows.map((row) => shaped.add(row)).filter((batch) => batch !== null);
  return [...full, ...shaped.rest()];
}
