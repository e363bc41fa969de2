import { imageRootOf, imageUri } from '@quarry/activities/dataset/image-uri';
import { expect, test } from 'vitest';

test('paths begin at the root; what a URI cannot hold as it is gets encoded', () => {
  expect(imageUri('file:///data/in', 'a b/100%.png')).toBe('file:///data/in/a%20b/100%25.png');
  expect(imageUri('s3://bucket/in/', 'a b/100%.png')).toBe('s3://bucket/in/a b/100%.png');
  expect(imageUri('file:///data/in', './a/../b.png')).toBe('file:///data/in/b.png');
});

test('a URI of its own stands for itself', () => {
  expect(imageUri('file:///data', 's3://other/x.png')).toBe('s3://other/x.png');
});

test('a path that leads out of the root is none', () => {
  for (const path of ['../x.png', 'a/../../x.png', '/etc/passwd', '..']) {
    expect(imageUri('file:///data/in', path)).toBeNull();
  }
});

test("the root is the input's directory unless the job says so", () => {
  const input = { format: 'pairs', path: 's3://bucket/in/pairs.jsonl.gz' };
  expect(imageRootOf(input)).toBe('s3://bucket/in');
  expect(imageRootOf({ ...input, path: 's3://bucket/in/' })).toBe('s3://bucket/in');
  expect(imageRootOf({ ...input, imageRoot: 's3://pictures' })).toBe('s3://pictures');
});
