/**
 * From hard to easy: cuts the first `of` places (default: all) into `count` stretches of equal length, up to one, and
 * takes the first of each. The hardest is always among them.
 */
export function spread(passed: readonly number[], count: number, of = passed.length): readonly number[] {
  const pool = Math.max(count, Math.min(of, passed.length));
  return Array.from(
    { length: Math.min(count, passed.length) },
    (_, i) => passed[Math.floor((i * pool) / count)]!,
  );
}
