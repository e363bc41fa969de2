/** `node dist/servers/install-main.js temporal s3`: makes sure that these servers' executables are there. */
import { installServers } from './install.ts';
import type { ServerName } from './recipe.ts';
import { ServerError } from './server-error.ts';
import { serverSettings } from './settings.ts';

const SERVERS: readonly string[] = ['temporal', 's3'] satisfies ServerName[];
const names = process.argv.slice(2);
const unknown = names.find((name) => !SERVERS.includes(name));

if (names.length === 0 || unknown !== undefined) {
  console.error(
    `install-main: name servers out of ${SERVERS.join(', ')}; given: ${names.join(' ') || 'none'}`,
  );
  process.exitCode = 2;
} else {
  try {
    await installServers(names as ServerName[], serverSettings(process.env), (line) => console.log(line));
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
