import { longestFit } from '@quarry/activities/embedder/longest-fit';
import fc from 'fast-check';
import { expect, test } from 'vitest';

/** Token ids between two special ones: three characters each, and one for what is left of a word. */
const encode = (text: string): number[] => [
  1,
  ...text
    .split(' ')
    .flatMap((word) => word.match(/.{1,3}/gu) ?? [])
    .map((piece) => piece.length + 1),
  2,
];

const texts = fc.array(fc.string({ minLength: 1, maxLength: 9, unit: 'grapheme' }), { minLength: 8 });

test('finds the longest beginning that fits, whatever is guessed beforehand', () => {
  fc.assert(
    fc.property(texts, fc.integer({ min: 3, max: 8 }), fc.nat(200), (words, maxLength, likely) => {
      const text = words.map((word) => word.replaceAll(' ', '_')).join(' ');
      const whole = encode(text);
      fc.pre(whole.length > maxLength);
      const points = [...text];
      const lengths = points.map((_, i) => encode(points.slice(0, i).join('')).length);
      const longest = lengths.findLastIndex((length) => length <= maxLength);
      const expected = encode(points.slice(0, longest).join(''));
      expect(longestFit(text, encode, maxLength)).toEqual(expected);
      const known = { tokens: whole.length, likely };
      expect(longestFit(text, encode, maxLength, known)).toEqual(expected);
    }),
  );
});

test('a right guess costs three encodings', () => {
  const text = Array.from({ length: 300 }, (_, i) => `w${i}`).join(' ');
  let encodings = 0;
  const counted = (beginning: string): number[] => {
    encodings++;
    return encode(beginning);
  };
  const points = [...text];
  const right = points.findLastIndex((_, i) => encode(points.slice(0, i).join('')).length <= 120);
  longestFit(text, counted, 120, { tokens: encode(text).length, likely: right });
  expect(encodings).toBe(3);
});
