/**
 * A stream of numbers in [0, 1) that depends on (seed, query) alone, so that neither shards nor the order of queries
 * change what is sampled. Splitmix32: a counter through a 32-bit finaliser (the constants are those of C. Wellons'
 * `lowbias32`).
 */
export function randomStream(seed: number, query: number): () => number {
  let state = mix(
    mix((seed % 2 ** 32) | 0) ^ mix(Math.floor(seed / 2 ** 32) + 1) ^ Math.imul(query + 1, 0x9e3779b9),
  );
  return () => {
    state = (state + 0x9e3779b9) | 0;
    return (mix(state) >>> 0) / 2 ** 32;
  };
}

function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

/** `count` of the values (all where there are fewer), in their order, every choice equally likely. */
export function sample(values: readonly number[], count: number, random: () => number): number[] {
  const chosen: number[] = [];
  values.forEach((value, i) => {
    const left = values.length - i;
    if (random() * left < count - chosen.length) chosen.push(value);
  });
  return chosen;
}
