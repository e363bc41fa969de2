import { join } from 'node:path';
import type { LoadedModel } from '../loaded-model.ts';
import { weightsNotFinite } from '../onnx/weights.ts';
import { type Check, failed, ok } from './check.ts';
import { difference, shown } from './check-padding.ts';
import { PROMPTS } from './prompts.ts';

/** Cosine above which two vectors are the same for practical purposes. */
const SAME = 0.99999;

/** Whether vectors are numbers, of the right length, and differ from text to text. */
export async function checkVectors(model: LoadedModel): Promise<Check> {
  const name = 'vectors';
  const { dimension, graph, directory } = model.settings;
  const vectors: Float32Array[] = [];
  for (const text of PROMPTS.slice(0, 8)) {
    const row = model.tokens({ text, image: null }, 'document');
    const vector = await model.run({ items: [row], rows: 1, length: row.ids.length });
    if (!vector.every(Number.isFinite)) {
      const cause = weightsNotFinite(join(directory, graph));
      return failed(
        name,
        cause === null
          ? `${graph}: the vector of ${JSON.stringify(text)} is not finite, though the weights are: float16 overflows; use another dtype`
          : `${graph}: the vector of ${JSON.stringify(text)} is not finite: the weights ${cause} hold NaN or infinity; fetch or export the model again`,
      );
    }
    vectors.push(vector);
  }
  const closest = Math.max(...vectors.slice(1).map((vector) => cosine(vectors[0]!, vector)));
  if (closest > SAME) {
    return failed(
      name,
      `${graph}: different texts have the same vector (difference ${shown(difference(vectors[0]!, vectors[1]!))}): the graph does not read its tokens`,
    );
  }
  return ok(name, `${vectors.length} texts, ${dimension} finite values each, different from text to text`);
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return dot / Math.sqrt(aa * bb);
}
