/**
 * Runs a command that ends when this process's parent does: `node with-parent.js COMMAND ARGUMENT...`.
 *
 * Standard input is a pipe whose other end only the parent holds. The kernel closes it however the parent
 * dies, SIGKILL included, on Linux and macOS alike. The first line of standard output is the command's
 * process id; the command itself writes to this process's standard error (a log file).
 */
import { spawn } from 'node:child_process';

/** Time between asking the command to end and killing it. */
const GRACE_MS = 5_000;

const [command, ...args] = process.argv.slice(2);
const child = spawn(command!, args, { stdio: ['ignore', process.stderr.fd, process.stderr.fd] });

function end(): void {
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), GRACE_MS).unref();
}

child.once('error', (error) => {
  process.stderr.write(`${command} does not start: ${error.message}\n`);
  process.exit(127);
});
child.once('spawn', () => process.stdout.write(`${child.pid}\n`));
child.once('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 128));

process.stdout.on('error', () => {}); // the parent has gone already; the end of standard input says the same
process.stdin.once('end', end).once('error', end).resume();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, end);
