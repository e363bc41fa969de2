import { readFile } from 'node:fs/promises';
import { FIELD_ADVICE } from '@quarry/workers/job/field-advice';
import { fieldPaths, jobFileSchema } from '@quarry/workers/job/job-shape';
import { expect, test } from 'vitest';

test('the published JSON schema is current: npm run schema -w workers writes it', async () => {
  const published = await readFile(new URL('../../../workers/job.schema.json', import.meta.url), 'utf8');
  expect(published).toBe(`${JSON.stringify(jobFileSchema(), null, 2)}\n`);
});

test('every field has its advice, and every advice its field', () => {
  expect([...fieldPaths()].sort()).toEqual(Object.keys(FIELD_ADVICE).sort());
});
