import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { beforeAll, expect, test } from 'vitest';

/**
 * Histories of real runs, recorded from a real server (`temporal workflow show --output json`): a run with few units, one
 * with child workflows, and one such child. A changed workflow must still replay them, or runs of days would break.
 */
const folder = fileURLToPath(new URL('../histories/', import.meta.url));
const histories = readdirSync(folder).filter((name) => name.endsWith('.json'));
let workflowBundle: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const workflowsPath = fileURLToPath(import.meta.resolve('@quarry/workflows/workflow-bundle'));
  workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
});

const read = (name: string): string => readFileSync(folder + name, 'utf8');

test.each(histories)('%s replays', async (name) => {
  const history = JSON.parse(read(name)) as {
    events: { workflowExecutionStartedEventAttributes?: { workflowId: string } }[];
  };
  const { workflowId } = history.events[0]!.workflowExecutionStartedEventAttributes!;
  await Worker.runReplayHistory({ workflowBundle }, history, workflowId);
});

test('three histories are there', () => {
  expect(histories).toHaveLength(3);
});

test('a history of other activities does not replay', async () => {
  const altered = read('recorded.json').replaceAll('"name":"merge"', '"name":"blend"');
  expect(altered).not.toBe(read('recorded.json'));
  await expect(Worker.runReplayHistory({ workflowBundle }, JSON.parse(altered))).rejects.toThrow(
    /blend|merge/,
  );
});
