import { createHash } from 'node:crypto';

/** `items` by the hex SHA-256 of `42:<field>:<id>`: the one way in which proofs choose (shared/reference/baselines.md). */
export function orderedByHash<T>(items: readonly T[], field: string, id: (item: T) => string): T[] {
  return items
    .map((item) => ({
      item,
      hash: createHash('sha256')
        .update(`42:${field}:${id(item)}`)
        .digest('hex'),
    }))
    .sort((a, b) => (a.hash < b.hash ? -1 : 1))
    .map(({ item }) => item);
}
