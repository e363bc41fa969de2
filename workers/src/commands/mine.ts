import { openStore } from '@quarry/activities/storage/open-store';
import type { MiningResult } from '@quarry/workflows';
import { CommandError, type ExitCode } from '../command-error.ts';
import { readJobFile, workflowIdOf } from '../job/job-file.ts';
import { detachLocally } from '../run/detach.ts';
import { explainFailure, failureMessage } from '../run/explain-failure.ts';
import { followRun } from '../run/follow-run.ts';
import { interruptions } from '../run/interruptions.ts';
import { warnOfMissingWorkers } from '../run/missing-workers.ts';
import { openSession, type Session, secondsSinceStart } from '../run/session.ts';
import { startRun } from '../run/start-run.ts';
import type { Settings } from '../settings.ts';
import { configuredTemporal, connectClient, workflowLink } from '../temporal-target.ts';
import { progressBars } from '../view/progress-bars.ts';
import { progressLines } from '../view/progress-lines.ts';
import type { ProgressView } from '../view/stage-rate.ts';
import { styleFor } from '../view/style.ts';
import { type FoundThreshold, summaryLines, thresholdLines } from '../view/summary.ts';

export interface MineOptions {
  readonly set?: readonly string[];
  readonly output?: string;
  readonly json?: boolean;
  readonly detach?: boolean;
}

/** `quarry mine <job>`: runs a job to its committed result, with live progress. */
export async function mine(path: string, options: MineOptions, settings: Settings): Promise<ExitCode> {
  const job = readJobFile(path, { ...options, directory: settings.directory });
  const workflowId = workflowIdOf(job);
  if (options.detach && !(await configuredTemporal(settings)))
    return detachLocally(workflowId, options, settings);

  const view = progressView(settings);
  const stop = interruptions((line) => view.note(line));
  const session = await openSession(workflowId, settings, (line) => view.note(line));
  try {
    if (stop.interrupted) return 130;
    const client = await connectClient(session.target);
    const { handle, attached } = await startRun(client, workflowId, job, session.queuePrefix);
    process.send?.({ type: 'started' });
    const link = workflowLink(session.target, workflowId);
    view.note(
      `${attached ? 'Attached to the run that goes on already' : 'Started'}: ${workflowId}${link ? `  ${link}` : ''}`,
    );
    if (options.detach) return detached(workflowId, options);
    if (!session.local) void warnOfMissingWorkers(client, session, (line) => view.note(line));
    const cancelled = stop.first.then(() => handle.cancel());
    cancelled.catch(() => {});
    const everyMs = process.stderr.isTTY ? 500 : 1000;
    const result = await Promise.race([followRun(handle, everyMs, (s) => view.update(s)), session.lost]);
    view.end();
    await report(result, workflowId, session, options, settings);
    return 0;
  } catch (error) {
    view.end();
    const failure = explainFailure(error);
    if (!failure) throw error;
    if (stop.interrupted && failure.cancelled) {
      console.error('Cancelled. What is done is kept: the same command goes on from there.');
      return 130;
    }
    throw new CommandError(1, failureMessage(failure, workflowId, session));
  } finally {
    await session.stop();
  }
}

function progressView(settings: Settings): ProgressView {
  return process.stderr.isTTY
    ? progressBars(process.stderr, styleFor(process.stderr, settings.color))
    : progressLines((line) => console.error(line));
}

function detached(workflowId: string, { json }: MineOptions): ExitCode {
  console.log(
    json ? JSON.stringify({ workflowId }) : `It goes on without this command: quarry status ${workflowId}`,
  );
  return 0;
}

async function report(
  result: MiningResult,
  workflowId: string,
  session: Session,
  { json }: MineOptions,
  settings: Settings,
): Promise<void> {
  const seconds = secondsSinceStart();
  const stream = json ? process.stderr : process.stdout;
  const lines = [
    ...summaryLines(result, styleFor(stream, settings.color)),
    ...thresholdLines(await readThreshold(result.output)),
    ...linkLines(session, workflowId),
  ];
  stream.write(`${lines.join('\n')}\n`);
  if (!json) return;
  const { runId, output, manifest, funnel, busySeconds } = result;
  const stages = Object.fromEntries(
    Object.entries(result.stages).map(([stage, { units, computed, reused, seconds: busy }]) => [
      stage,
      { units, computed, reused, seconds: busy },
    ]),
  );
  const { serverStart } = session;
  const overhead = { seconds, busySeconds, serverStart, workersReady: await session.workersReady };
  console.log(JSON.stringify({ runId, workflowId, output, manifest, funnel, stages, overhead }));
}

/** The report says which threshold was found, if the job left one open. */
async function readThreshold(output: string): Promise<FoundThreshold | null> {
  const uri = `${output}/report.json`;
  const bytes = await openStore(uri).read(uri);
  return (JSON.parse(new TextDecoder().decode(bytes)) as { calibration: FoundThreshold | null }).calibration;
}

/** A local server ends with this command; what it knows stays. */
function linkLines({ target, local }: Session, workflowId: string): readonly string[] {
  const link = workflowLink(target, workflowId);
  if (!link) return [];
  return local ? [`Temporal UI quarry up    then open ${link}`] : [`Temporal UI ${link}`];
}
