import { randomStream } from '@quarry/activities/mining/random-stream';

/** Unit vectors whose topic is their number modulo `topics`; `side` draws the noise, so that both sides share topics. */
export function classVectors(count: number, topics: number, dimension: number, side: number): Float32Array {
  const centres = Array.from({ length: topics }, (_, topic) => draw(1, topic, dimension));
  const rows = Array.from({ length: count }, (_, row) => {
    const noise = draw(side + 1, row, dimension);
    const raw = noise.map((x, i) => x * 0.9 + centres[row % topics]![i]!);
    return raw.map((x) => x / Math.hypot(...raw));
  });
  return Float32Array.from(rows.flat());
}

function draw(seed: number, row: number, dimension: number): number[] {
  const random = randomStream(seed, row);
  return Array.from({ length: dimension }, () => 2 * random() - 1);
}
