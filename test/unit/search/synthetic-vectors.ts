/** A seeded generator of numbers in [0, 1): mulberry32. */
export function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Size {
  readonly documents: number;
  readonly queries: number;
  readonly dimension: number;
  readonly seed?: number;
}

const LATENT = 64;
const CENTRES = 2000;

/**
 * Unit vectors of the mixture in which the measurements were made: 2,000 centres in a latent space of decaying
 * spectrum, mapped to `dimension`; query i is document i with noise, so that document i is its positive.
 */
export function clusteredVectors({ documents, queries, dimension, seed = 1 }: Size): {
  documents: Float32Array;
  queries: Float32Array;
} {
  const random = randomNumbers(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const map = Array.from({ length: LATENT }, (_, i) =>
    Float64Array.from({ length: dimension }, () => normal() * 0.97 ** i),
  );
  const centres = Array.from({ length: CENTRES }, () => Float64Array.from({ length: LATENT }, normal));
  const made = {
    documents: new Float32Array(documents * dimension),
    queries: new Float32Array(queries * dimension),
  };
  const vector = new Float64Array(dimension);
  for (let row = 0; row < Math.max(documents, queries); row++) {
    const centre = centres[Math.floor(random() * CENTRES)]!;
    vector.fill(0);
    for (let l = 0; l < LATENT; l++) {
      const x = centre[l]! + 0.5 * normal();
      for (let i = 0; i < dimension; i++) vector[i]! += x * map[l]![i]!;
    }
    for (let i = 0; i < dimension; i++) vector[i]! += 0.3 * normal();
    if (row < documents) writeUnit(vector, made.documents, row);
    if (row >= queries) continue;
    for (let i = 0; i < dimension; i++) vector[i]! += 1.5 * normal();
    writeUnit(vector, made.queries, row);
  }
  return made;
}

function writeUnit(vector: Float64Array, rows: Float32Array, row: number): void {
  const length = Math.hypot(...vector);
  for (let i = 0; i < vector.length; i++) rows[row * vector.length + i] = vector[i]! / length;
}
