import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

/** Writes `dist/workflow-bundle.js`, a step of the build: workers that find it start two seconds sooner. */
const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(import.meta.resolve('@quarry/workflows/workflow-bundle')),
  logger: new DefaultLogger('WARN'),
});
await writeFile(new URL('./workflow-bundle.js', import.meta.url), code);
