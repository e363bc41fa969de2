import type { RunDocument } from './run-document.ts';

/** Keys over all shards are computed once per run: there may be 10,000 shards, and as many units that ask. */
export function oncePerRun<Rest extends number[]>(
  compute: (run: RunDocument, ...numbers: Rest) => string,
): (run: RunDocument, ...numbers: Rest) => string {
  const keys = new WeakMap<RunDocument, Map<string, string>>();
  return (run, ...numbers) => {
    const known = keys.get(run) ?? new Map<string, string>();
    keys.set(run, known);
    const name = numbers.join();
    const key = known.get(name) ?? compute(run, ...numbers);
    known.set(name, key);
    return key;
  };
}
