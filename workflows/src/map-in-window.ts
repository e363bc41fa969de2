/**
 * Runs `work` for every number of [start, end), at most `window` at once, in ascending order of start. The first
 * failure stops the start of further work, is thrown when what is in flight has ended, and nothing else is lost.
 * Temporal holds at most 2,000 pending activities per workflow; every fan-out of this project goes through here.
 */
export async function mapInWindow<Result>(
  start: number,
  end: number,
  window: number,
  work: (number: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array(Math.max(0, end - start));
  const failures: unknown[] = [];
  let next = start;
  const lane = async (): Promise<void> => {
    while (next < end && failures.length === 0) {
      const number = next++;
      try {
        results[number - start] = await work(number);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(window, end - start) }, lane));
  if (failures.length > 0) throw failures[0];
  return results;
}
