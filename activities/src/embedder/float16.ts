/** IEEE 754 binary16 to float32, for `.npy` files and graphs that give float16 (Node 20 has no Float16Array). */
export function float16ToFloat32(
  halves: Uint16Array,
  target: Float32Array = new Float32Array(halves.length),
): Float32Array {
  for (let i = 0; i < halves.length; i++) target[i] = TABLE[halves[i]!]!;
  return target;
}

const TABLE = Float32Array.from({ length: 1 << 16 }, (_, half) => {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
});
