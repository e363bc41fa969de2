import { fork } from 'node:child_process';
import { CommandError, type ExitCode } from '../command-error.ts';
import type { Settings } from '../settings.ts';
import { openLogFile } from './log-file.ts';

/**
 * `quarry mine --detach` without a server of a deployment: the same command goes on in a process of its own, which
 * brings server and workers and outlives this one. Resolves when the run has been started.
 */
export async function detachLocally(
  workflowId: string,
  { json }: { readonly json?: boolean },
  settings: Settings,
): Promise<ExitCode> {
  const log = openLogFile(settings.home, `${workflowId}-detached`);
  const args = process.argv.slice(2).filter((argument) => argument !== '--detach');
  const child = fork(process.argv[1]!, args, {
    detached: true,
    stdio: ['ignore', log.descriptor, log.descriptor, 'ipc'],
  });
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(
        new CommandError(
          1,
          `The detached command ended with ${code} before the run started; see ${log.path}`,
        ),
      ),
    );
  });
  child.disconnect();
  child.unref();
  console.log(
    json
      ? JSON.stringify({ workflowId, log: log.path, pid: child.pid })
      : [
          `Started: ${workflowId}, in process ${child.pid}; it goes on without this command.`,
          `Progress    quarry status ${workflowId}`,
          `Stop it     quarry cancel ${workflowId}`,
          `Log         ${log.path}`,
        ].join('\n'),
  );
  return 0;
}
