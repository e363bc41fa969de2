import { GivenJoin } from '@quarry/activities/index/given-join';
import { Ranking } from '@quarry/activities/index/ranking';
import { emptyHits } from '@quarry/activities/index/vector-index';
import fc from 'fast-check';
import { expect, test } from 'vitest';

test('what was found and what was given, each document once, in one order', () => {
  const list = fc.uniqueArray(fc.nat(20), { maxLength: 8 });
  const score = (document: number): number => Math.fround(((document * 7) % 5) / 5);
  fc.assert(
    fc.property(list, list, fc.nat(3), (found, brought, spare) => {
      const searched = new Ranking(Math.max(1, found.length));
      for (const document of found) searched.offer(document, score(document));
      const documents = Int32Array.from(brought).sort();
      const k = found.length + brought.length + spare;
      const hits = emptyHits(1, k);
      const given = {
        offsets: Int32Array.of(0, documents.length),
        documents,
        sources: documents.map((d) => d % 2) as unknown as Uint8Array,
      };
      const join = new GivenJoin(given, Float32Array.from(documents, score), hits, k);
      join.write(searched, 0);
      const all = [...new Set([...found, ...brought])].sort((a, b) => score(b) - score(a) || a - b);
      expect([...hits.ids]).toEqual([...all, ...Array(k - all.length).fill(-1)]);
      expect([...join.sources].slice(0, all.length)).toEqual(
        all.map((document) => (found.includes(document) ? 0 : 1 + (document % 2))),
      );
    }),
  );
});
