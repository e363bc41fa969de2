import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Settings } from '../settings.ts';

/** What pages when the environment names nothing: quits by itself where all fits, keeps colours, leaves the screen. */
const DEFAULT = 'less -FRX';

/**
 * Prints lines; on a terminal through a pager (`PAGER`, https://man7.org/linux/man-pages/man7/environ.7.html) where they
 * are more than fit. A pager that does not start, or is `cat` or empty, is done without.
 */
export async function printPaged(lines: readonly string[], settings: Settings): Promise<void> {
  const text = `${lines.join('\n')}\n`;
  const pager = settings.env.PAGER ?? DEFAULT;
  const { isTTY, rows = 24 } = process.stdout;
  if (!isTTY || lines.length < rows || ['', 'cat'].includes(pager.trim()) || !(await pagedBy(pager, text)))
    process.stdout.write(text);
}

/** Whether the pager took the text. */
async function pagedBy(pager: string, text: string): Promise<boolean> {
  const child = spawn(pager, { shell: true, stdio: ['pipe', 'inherit', 'inherit'] });
  // The reader may quit before the end: then nobody wants the rest.
  child.stdin.on('error', () => {});
  child.stdin.end(text);
  const [code] = (await once(child, 'close')) as [number | null];
  return code !== COMMAND_NOT_FOUND;
}

/** The shell's exit code for a command that is not there. */
const COMMAND_NOT_FOUND = 127;
