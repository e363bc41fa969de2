import { writeFile } from 'node:fs/promises';
import { reportFileSchema } from './report-file-schema.ts';

/** Writes `workers/report.schema.json`, by which programs check and read `report.json`; run it when the schema changes. */
await writeFile(
  new URL('../report.schema.json', import.meta.url),
  `${JSON.stringify(reportFileSchema(), null, 2)}\n`,
);
