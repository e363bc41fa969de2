import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';

const CALL_MS = 1_000;
const DAY_S = 86_400;

/** Whether a Temporal server serves requests at this address. */
export async function temporalAnswers(address: string, namespace = 'default'): Promise<boolean> {
  return call(address, ({ workflowService }) => workflowService.describeNamespace({ namespace }));
}

/** Whether something listens at `HOST:PORT`. */
function accepts(address: string): Promise<boolean> {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host: host!, port: Number(port), timeout: CALL_MS });
    const done = (open: boolean) => () => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', done(true)).once('error', done(false)).once('timeout', done(false));
  });
}

/** Makes a namespace keep closed runs for so many days (a development server: one); `false` when it fails. */
export async function keepClosedRuns(address: string, days: number, namespace = 'default'): Promise<boolean> {
  return call(address, ({ workflowService }) =>
    workflowService.updateNamespace({
      namespace,
      config: { workflowExecutionRetentionTtl: { seconds: (days * DAY_S) as never } },
    }),
  );
}

/** Makes one call with a short deadline; whether it succeeded. */
async function call(address: string, use: (connection: Connection) => Promise<unknown>): Promise<boolean> {
  if (!(await accepts(address))) return false; // gRPC would spend the whole deadline on trying again
  const connection = Connection.lazy({ address, tls: false });
  try {
    await connection.withDeadline(Date.now() + CALL_MS, () => use(connection));
    return true;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}

/** Waits until the Web UI serves data: it answers later than the server itself. `false` when it does not. */
export async function waitForUi(uiAddress: string, timeoutMs = 15_000): Promise<boolean> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await sleep(100)) {
    const answer = await fetch(`${uiAddress}/api/v1/namespaces`, {
      signal: AbortSignal.timeout(CALL_MS),
    }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.status;
      },
      () => 0,
    );
    if (answer === 200) return true;
  }
  return false;
}
