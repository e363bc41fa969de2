import { formatElapsed } from './elapsed.ts';
import { ensureServerBinary, type ServerBinary } from './find-binary.ts';
import { type ServerName, serverRecipe } from './recipe.ts';
import type { OnLine, ServerSettings } from './settings.ts';

/** Makes sure that the executables of these servers are there, saying what it does and how long it took. */
export async function installServers(
  names: readonly ServerName[],
  settings: ServerSettings,
  onLine: OnLine,
): Promise<ServerBinary[]> {
  const binaries: ServerBinary[] = [];
  for (const name of names) {
    const started = Date.now();
    const { title, version } = serverRecipe(name);
    const binary = await ensureServerBinary(name, settings, onLine);
    const pinned = binary.origin === 'PATH' ? '' : ` ${version}`;
    onLine(`${title}${pinned}: ${binary.path} (${binary.origin}, ${formatElapsed(Date.now() - started)})`);
    binaries.push(binary);
  }
  return binaries;
}
