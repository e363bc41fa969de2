/**
 * `npm run setup`: makes a fresh clone ready, says what it does and why, and does nothing the second time.
 * Plain Node without dependencies: it runs before anything is installed. `--for demo` leaves out what only
 * the tests need; `--for tests` takes all.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  compileNative,
  installDependencies,
  isCompiled,
  nativeFlags,
  npmEnv,
} from './setup/dependencies.mjs';
import { buildServer, downloadReachable, findServer, goVersion } from './setup/servers.mjs';
import { dependenciesHash, isBuilt, readStamp, sourcesHash, stamp } from './setup/state.mjs';
import { elapsedSince, say, step } from './setup/step.mjs';
import { missingTools } from './setup/tools.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
process.exitCode = await setup(purpose(process.argv.slice(2)));

async function setup(purpose) {
  if (purpose === undefined) return 2;
  const started = Date.now();
  const done = readStamp();
  const flags = nativeFlags();
  const servers = (purpose === 'demo' ? ['temporal'] : ['temporal', 's3'])
    .map(findServer)
    .filter((server) => purpose === 'tests' || !isLeftOut(server));
  const absent = servers.filter((server) => server.atHand === undefined);
  const todo = {
    install: done.dependencies !== dependenciesHash(),
    compile: done.native !== flags || !isCompiled(),
    build: done.sources !== sourcesHash() || !isBuilt(),
    servers: absent,
  };
  if (!todo.install && !todo.compile && !todo.build && absent.length === 0) {
    const where = servers.map((server) => `${server.name} server ${server.atHand}`).join(', ');
    console.log(`Quarry is set up; nothing to do (${where}).`);
    return 0;
  }

  const toBuild = [];
  for (const server of absent) if (!(await downloadReachable(server))) toBuild.push(server);
  const missing = missingTools({ compile: todo.install || todo.compile, goFor: toBuild });
  if (missing.length > 0) {
    console.error('Quarry needs tools that are missing here:');
    for (const line of missing) console.error(`  - ${line}`);
    console.error('Get them, then run `npm run setup` again.');
    return 1;
  }

  explain(todo, flags);
  try {
    // The servers compile while npm fetches. A build that fails here is tried, and explained, at the end.
    const building = buildInTurn(toBuild);
    if (todo.install) {
      await installDependencies();
      stamp({ dependencies: dependenciesHash() });
    }
    if (todo.install || todo.compile) {
      await compileNative(flags);
      stamp({ native: flags });
    }
    if (todo.build) {
      await step('build', 'npm', ['run', 'build'], { env: npmEnv() });
      stamp({ sources: sourcesHash() });
    }
    await building;
  } catch (error) {
    console.error(`Setup failed after ${elapsedSince(started)}. ${error.message}`);
    process.exit(1);
  }
  if (absent.length > 0) {
    const names = absent.map((server) => server.name);
    const args = ['workers/dist/servers/install-main.js', ...names];
    const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
    if (status !== 0) return 1;
  }
  console.log(`Quarry is set up, in ${elapsedSince(started)}. Next: npm run demo, or npx quarry --help`);
  return 0;
}

/** Without Go there is no S3 server: nothing but its tests needs one. */
function isLeftOut(server) {
  return server.name === 's3' && server.atHand === undefined && goVersion() === undefined;
}

async function buildInTurn(servers) {
  for (const server of servers) await buildServer(server).catch((error) => say(error.message));
}

function explain(todo, flags) {
  console.log('Setting up Quarry (the first time some minutes, most of them for the Temporal server):');
  if (todo.install) say('- dependencies: the libraries that package-lock.json names');
  if (todo.install || todo.compile) say(`- hnswlib-node: compiled for this machine (${flags})`);
  if (todo.build) say('- build: TypeScript to JavaScript, in every dist/');
  for (const server of todo.servers)
    say(`- ${server.title} ${server.version}: ${server.why}, into ${server.cached}`);
}

function purpose(args) {
  if (args.length === 0) return 'all';
  if (args.length === 2 && args[0] === '--for' && ['demo', 'tests'].includes(args[1])) return args[1];
  console.error(`setup.mjs takes --for demo or --for tests, or nothing; given: ${args.join(' ')}`);
  return undefined;
}
