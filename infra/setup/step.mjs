import { spawn } from 'node:child_process';

const PROGRESS_MS = 15_000;
const TAIL_LINES = 40;

/** Prints a line of progress. */
export function say(line) {
  console.log(`  ${line}`);
}

/** A duration for people: `4.2 s`, `3 min 05 s`. */
export function elapsedSince(started) {
  const seconds = (Date.now() - started) / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`;
}

/**
 * Runs a command, saying every 15 seconds that it still runs (`progress()` may say more). Its output is shown
 * only when it fails. Throws an error with `output` then.
 */
export async function step(title, command, args, { onOutput = () => {}, progress = () => '', ...options }) {
  const started = Date.now();
  say(`${title} ...`);
  const ticker = setInterval(() => say(`${title}: ${progress()}${elapsedSince(started)}`), PROGRESS_MS);
  try {
    let output = '';
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    process.once('exit', () => child.kill());
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
        onOutput(text);
      });
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0) {
      const tail = output.trim().split('\n').slice(-TAIL_LINES).join('\n');
      throw Object.assign(new Error(`${title}: ${command} ${args.join(' ')} ended with ${code}\n${tail}`), {
        output,
      });
    }
    say(`${title}: done in ${elapsedSince(started)}`);
  } finally {
    clearInterval(ticker);
  }
}
