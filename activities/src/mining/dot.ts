/**
 * The one fixed-order dot product from which every final score comes: products and sums in float64, four sums that
 * take the elements i with i mod 4 = 0, 1, 2, 3 in ascending order, added as (0 + 1) + (2 + 3), rounded to float32
 * once. A product of two float32 is exact in float64 and JavaScript fuses no operations, so the result is the same
 * on every machine, whatever the shard, the part and the engine.
 *
 * @param a holds a vector from `aStart` on
 * @param b holds a vector from `bStart` on
 */
export function dot(
  a: Float32Array,
  aStart: number,
  b: Float32Array,
  bStart: number,
  dimension: number,
): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  const whole = dimension & ~3;
  let i = aStart;
  let j = bStart;
  for (const end = aStart + whole; i < end; i += 4, j += 4) {
    s0 += a[i]! * b[j]!;
    s1 += a[i + 1]! * b[j + 1]!;
    s2 += a[i + 2]! * b[j + 2]!;
    s3 += a[i + 3]! * b[j + 3]!;
  }
  const rest = dimension - whole;
  if (rest > 0) s0 += a[i]! * b[j]!;
  if (rest > 1) s1 += a[i + 1]! * b[j + 1]!;
  if (rest > 2) s2 += a[i + 2]! * b[j + 2]!;
  return Math.fround(s0 + s1 + (s2 + s3));
}

/**
 * {@link dot} of one vector with many rows, bit for bit: two rows at a time, because waiting for memory is what
 * it costs.
 *
 * @param query one vector, widened to float64
 * @param rows rows of `documents`, from place `start` to `end` (exclusive)
 * @param scores receives the score of `rows[start + i]` at place i
 */
export function dotRows(
  query: Float64Array,
  documents: Float32Array,
  rows: Int32Array,
  start: number,
  end: number,
  scores: Float32Array,
): void {
  const dimension = query.length;
  const whole = dimension & ~3;
  for (let place = start; place < end; place += 2) {
    let a = rows[place]! * dimension;
    let b = rows[Math.min(place + 1, end - 1)]! * dimension;
    let a0 = 0;
    let a1 = 0;
    let a2 = 0;
    let a3 = 0;
    let b0 = 0;
    let b1 = 0;
    let b2 = 0;
    let b3 = 0;
    for (let i = 0; i < whole; i += 4, a += 4, b += 4) {
      const q0 = query[i]!;
      const q1 = query[i + 1]!;
      const q2 = query[i + 2]!;
      const q3 = query[i + 3]!;
      a0 += q0 * documents[a]!;
      a1 += q1 * documents[a + 1]!;
      a2 += q2 * documents[a + 2]!;
      a3 += q3 * documents[a + 3]!;
      b0 += q0 * documents[b]!;
      b1 += q1 * documents[b + 1]!;
      b2 += q2 * documents[b + 2]!;
      b3 += q3 * documents[b + 3]!;
    }
    const rest = dimension - whole;
    if (rest > 0) {
      a0 += query[whole]! * documents[a]!;
      b0 += query[whole]! * documents[b]!;
    }
    if (rest > 1) {
      a1 += query[whole + 1]! * documents[a + 1]!;
      b1 += query[whole + 1]! * documents[b + 1]!;
    }
    if (rest > 2) {
      a2 += query[whole + 2]! * documents[a + 2]!;
      b2 += query[whole + 2]! * documents[b + 2]!;
    }
    scores[place - start] = a0 + a1 + (a2 + a3);
    if (place + 1 < end) scores[place + 1 - start] = b0 + b1 + (b2 + b3);
  }
}

/**
 * Bound on |s - t| where `s` is a dot product computed in float32 in any order of summation, with or without fused
 * multiply-add (a GEMM), and `t` is {@link dot} of the same vectors: gamma_d |a| |b| for the first (Higham, Accuracy
 * and Stability of Numerical Algorithms, section 3.1), one rounding to float32 and float64's own gamma_d for the
 * second, and an absolute term for what underflows or is flushed to zero. `norms` = |a| |b|.
 */
export function dotErrorBound(dimension: number, norms: number): number {
  const u = 2 ** -24;
  const gamma = (dimension * u) / (1 - dimension * u);
  const gamma64 = (dimension * 2 ** -53) / (1 - dimension * 2 ** -53);
  return 1.001 * (gamma + u + gamma64) * norms + (dimension + 1) * 2 ** -125;
}
