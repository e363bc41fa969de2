/** Search by definition: every score, sorted. Its own dot product, in the order that `dot` promises. */
export function bestByDefinition(
  queries: Float32Array,
  documents: Float32Array,
  dimension: number,
  k: number,
): { ids: number[][]; scores: number[][]; all: [number, number][][] } {
  const rows = documents.length / dimension;
  const all: [number, number][][] = [];
  for (let query = 0; query < queries.length / dimension; query++) {
    const scored: [number, number][] = [];
    for (let row = 0; row < rows; row++) {
      const lanes = [0, 0, 0, 0];
      for (let i = 0; i < dimension; i++) {
        lanes[i % 4]! += queries[query * dimension + i]! * documents[row * dimension + i]!;
      }
      scored.push([row, Math.fround(lanes[0]! + lanes[1]! + (lanes[2]! + lanes[3]!))]);
    }
    scored.sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    all.push(scored);
  }
  return {
    ids: all.map((scored) => scored.slice(0, k).map(([row]) => row)),
    scores: all.map((scored) => scored.slice(0, k).map(([, score]) => score)),
    all,
  };
}
