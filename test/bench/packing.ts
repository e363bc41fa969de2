import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModel } from '@quarry/activities/embedder/describe-model';
import { LoadedModel } from '@quarry/activities/embedder/loaded-model';
import type { Dependencies } from '@quarry/activities/stages/stage-context';
import type { Job } from '@quarry/workflows';
import { shared } from '../support/shared-data.ts';
import { batchesOf } from './bare-loop.ts';
import { BENCH_SETS, textsOfSet } from './bench-sets.ts';

/** Share of the tokens of all batches that is padding, over a set's texts in the order in which they come, by model and set. */
export async function benchPacking(): Promise<Record<string, Record<string, number>>> {
  const scratch = await mkdtemp(join(tmpdir(), 'quarry-packing-'));
  try {
    return await wasteByModel({ scratch } as Dependencies);
  } finally {
    await rm(scratch, { recursive: true });
  }
}

async function wasteByModel(context: Dependencies): Promise<Record<string, Record<string, number>>> {
  const encoder = shared('data/models/all-MiniLM-L6-v2');
  const models: Record<string, Exclude<Job['model'], { kind: 'vectors' }>> = {
    generator: { kind: 'generator', path: 'bundled:quarry-mini', prompt: 'hierarchical' },
    ...(encoder && {
      encoder: {
        kind: 'encoder',
        path: encoder,
        file: 'onnx/model.onnx',
        queryPrefix: '',
        documentPrefix: '',
      },
    }),
  };
  const waste: Record<string, Record<string, number>> = {};
  for (const [kind, job] of Object.entries(models)) {
    const model = await LoadedModel.load((await openModel(context, job)).settings, 1);
    waste[kind] = {};
    for (const set of BENCH_SETS) {
      const texts = textsOfSet(set);
      if (texts) waste[kind]![set] = wasteOf(model, texts);
    }
    await model.release();
  }
  return waste;
}

function wasteOf(model: LoadedModel, texts: readonly string[]): number {
  let padded = 0;
  let real = 0;
  for (const { rows, length, items } of batchesOf(model, texts)) {
    padded += rows * length;
    for (const { ids } of items) real += ids.length;
  }
  return 1 - real / padded;
}
