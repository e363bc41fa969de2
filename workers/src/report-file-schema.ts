import { reportSchema } from '@quarry/activities/report/report-schema';
import { z } from 'zod';

/** The JSON schema of a run's `report.json`. */
export function reportFileSchema(): Readonly<Record<string, unknown>> {
  return {
    ...z.toJSONSchema(reportSchema),
    title: 'Quarry report',
    description: 'What a run of `quarry mine` found: shares are 0 to 1, times seconds, sizes bytes',
  };
}
