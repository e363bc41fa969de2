import { writeFile } from 'node:fs/promises';
import { jobFileSchema } from './job/job-shape.ts';

/** Writes `workers/job.schema.json`, by which editors complete and check job files; run it when the schema changes. */
await writeFile(
  new URL('../job.schema.json', import.meta.url),
  `${JSON.stringify(jobFileSchema(), null, 2)}\n`,
);
