import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isOlder } from '@quarry/workers/servers/build-binary';
import { ensureServerBinary, serverBinaryAtHand } from '@quarry/workers/servers/find-binary';
import { cachedBinary, serverRecipe } from '@quarry/workers/servers/recipe';
import { serverSettings } from '@quarry/workers/servers/settings';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder: string;
const settings = () =>
  serverSettings({
    QUARRY_CACHE: join(folder, 'cache'),
    PATH: `${join(folder, 'empty')}:${join(folder, 'bin')}`,
  });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quarry-find-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function executable(path: string, text = '#!/bin/sh\nexit 0\n'): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  await chmod(path, 0o755);
}

const cached = () => cachedBinary(serverRecipe('temporal'), settings());

test('the PATH comes before the cache', async () => {
  await executable(cached());
  expect(serverBinaryAtHand('temporal', settings())).toEqual({ path: cached(), origin: 'cache' });
  await executable(join(folder, 'bin/temporal'));
  expect(serverBinaryAtHand('temporal', settings())).toEqual({
    path: join(folder, 'bin/temporal'),
    origin: 'PATH',
  });
});

test('a folder, and a file that is not executable, are no server', async () => {
  await mkdir(join(folder, 'empty/temporal'), { recursive: true });
  await mkdir(join(folder, 'bin'));
  await writeFile(join(folder, 'bin/temporal'), 'text');
  expect(serverBinaryAtHand('temporal', settings())).toBeUndefined();
});

test('with nothing in reach, one error says what was tried and lists the ways out', async () => {
  const error = await ensureServerBinary('temporal', settings()).catch((reason: Error) => reason);
  expect(error).toMatchObject({ code: 'not-found' });
  const { message } = error as Error;
  for (const part of ['on the PATH: not there', cached(), 'official download', 'Go is not on the PATH'])
    expect(message).toContain(part);
  for (const way of ['set TEMPORAL_ADDRESS', 'install the Temporal CLI', 'install Go 1.26.4 or newer'])
    expect(message).toContain(way);
});

test('a Go that is too old is named, with its version', async () => {
  await executable(join(folder, 'bin/go'), '#!/bin/sh\necho go1.22.1\n');
  await expect(ensureServerBinary('s3', settings())).rejects.toThrow(
    `Go 1.22.1 at ${join(folder, 'bin/go')} is older than 1.25.0`,
  );
});

test('a build goes into the cache once, whoever asks at the same time', async () => {
  const log = join(folder, 'builds');
  await executable(
    join(folder, 'bin/go'),
    `#!/bin/sh
[ "$1" = env ] && echo go1.99 && exit
echo build >> ${log}
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\nexit 0\\n' > "$2" && chmod +x "$2"
`,
  );
  const withShell = {
    ...settings(),
    env: { ...settings().env, PATH: `${settings().env.PATH}:/usr/bin:/bin` },
  };
  const found = await Promise.all([1, 2, 3].map(() => ensureServerBinary('s3', withShell)));
  expect(found.map(({ origin }) => origin).sort()).toEqual(['build', 'cache', 'cache']);
  const { readFile, readdir } = await import('node:fs/promises');
  expect(await readFile(log, 'utf8')).toBe('build\n');
  expect(await readdir(join(folder, 'cache/servers'))).toHaveLength(1); // no draft and no lock is left
});

test('versions are compared number by number', () => {
  expect(isOlder('1.26.3', '1.26.4')).toBe(true);
  expect(isOlder('1.26', '1.26.4')).toBe(true);
  expect(isOlder('1.26.10', '1.26.4')).toBe(false);
  expect(isOlder('1.27rc1', '1.26.4')).toBe(false);
  expect(isOlder('2', '1.26.4')).toBe(false);
});
