import { float16ToFloat32 } from '@quarry/activities/embedder/float16';
import { normalise, poolRow } from '@quarry/activities/embedder/pooling';
import { describe, expect, test } from 'vitest';

describe('pooling a row of two hidden values and three tokens, the third of them padding', () => {
  const hidden = Float32Array.from([9, 9, 1, 2, 3, 6, 100, 100]);
  test.each([
    ['mean', [2, 4]],
    ['cls', [1, 2]],
    ['last', [3, 6]],
  ] as const)('%s', (pooling, expected) => {
    const target = new Float32Array(2);
    poolRow(hidden, 2, 2, pooling, target);
    expect([...target]).toEqual(expected);
  });
});

test('a normalised vector has length 1, zeros stay, and what is not finite is told', () => {
  const vector = Float32Array.from([3, 4]);
  expect(normalise(vector)).toBe(true);
  expect(vector).toEqual(Float32Array.from([0.6, 0.8]));
  const zeros = new Float32Array(2);
  expect(normalise(zeros)).toBe(true);
  expect([...zeros]).toEqual([0, 0]);
  expect(normalise(Float32Array.from([1, Number.NaN]))).toBe(false);
  expect(normalise(Float32Array.from([1, Infinity]))).toBe(false);
});

test('float16: ones, halves, the smallest, the largest, infinity, not a number', () => {
  const halves = Uint16Array.from([0x3c00, 0xb800, 0x0001, 0x7bff, 0xfc00, 0x7e00, 0x8000, 0x3555]);
  expect([...float16ToFloat32(halves)]).toEqual([
    1,
    -0.5,
    2 ** -24,
    65504,
    -Infinity,
    Number.NaN,
    -0,
    0.333251953125,
  ]);
});
