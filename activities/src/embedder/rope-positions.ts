/**
 * Positions of a row's tokens on three axes (time, height, width), as Qwen2-VL and Qwen2.5-VL rotate by them (section 2.1
 * of arXiv 2409.12191): text counts on all three alike; the tokens of an image are placed by frame, row and column; what
 * follows an image begins one behind the furthest of it.
 *
 * @param ids one row, unpadded
 * @param imageToken the id that stands for a token of an image
 * @param grid the image in tokens (patches after merging); null: no image
 * @param start position of the first token
 * @returns three rows of positions, each as long as `ids`
 */
export function ropePositions(
  ids: readonly number[],
  imageToken: number,
  grid: readonly [t: number, h: number, w: number] | null,
  start: number,
): readonly [time: Int32Array, height: Int32Array, width: Int32Array] {
  const axes = [0, 1, 2].map(() => new Int32Array(ids.length)) as [Int32Array, Int32Array, Int32Array];
  const [time, height, width] = axes;
  let next = start;
  for (let i = 0; i < ids.length; ) {
    if (grid === null || ids[i] !== imageToken) {
      for (const axis of axes) axis[i] = next;
      next++;
      i++;
      continue;
    }
    const [t, h, w] = grid;
    for (let token = 0; token < t * h * w; token++, i++) {
      time[i] = next + Math.floor(token / (h * w));
      height[i] = next + (Math.floor(token / w) % h);
      width[i] = next + (token % w);
    }
    next += Math.max(t, h, w);
  }
  return axes;
}
