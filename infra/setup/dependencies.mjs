import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { say, step } from './step.mjs';

const NATIVE = 'hnswlib-node';
const ADDON = `node_modules/${NATIVE}/build/Release/addon.node`;
/** What the x86-64-v3 level asks of a processor. */
const V3 = ['avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'abm', 'movbe'];

/** The environment for npm: Node's own headers (node-gyp would fetch them), no CUDA download, no telemetry. */
export function npmEnv() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const headers = existsSync(join(prefix, 'include/node/node.h')) ? { npm_config_nodedir: prefix } : {};
  const quiet = { npm_config_audit: 'false', npm_config_fund: 'false', npm_config_update_notifier: 'false' };
  const skips = { ONNXRUNTIME_NODE_INSTALL: 'skip', TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' };
  return { ...headers, ...process.env, ...quiet, ...skips };
}

/**
 * Installs exactly what package-lock.json says. No install script runs: the one that is needed is the
 * compilation of hnswlib-node, which `compileNative` does.
 */
export async function installDependencies() {
  const options = { env: npmEnv() };
  try {
    await step('npm ci', 'npm', ['ci', '--ignore-scripts'], options);
  } catch (error) {
    if (!error.output?.includes('EUSAGE')) throw error;
    // A lock file written against a registry that lacks other platforms' optional packages does not name them.
    say("npm ci: the lock file does not name every other platform's packages; npm install instead");
    await step('npm install', 'npm', ['install', '--no-save', '--ignore-scripts'], options);
  }
}

/** Compiler flags for this machine: AVX2 makes hnswlib 1.35 to 1.6 times as fast. CXXFLAGS overrides them. */
export function nativeFlags() {
  return process.env.CXXFLAGS ?? (process.arch === 'x64' && hasV3() ? '-O3 -march=x86-64-v3' : '-O3');
}

/** Whether the native addon is there. */
export function isCompiled() {
  return existsSync(ADDON);
}

/** Compiles hnswlib-node, and loads it to be sure. */
export async function compileNative(flags) {
  const compile = (CXXFLAGS) =>
    step(`${NATIVE} (CXXFLAGS ${CXXFLAGS})`, 'npm', ['rebuild', NATIVE], { env: { ...npmEnv(), CXXFLAGS } });
  try {
    await compile(flags);
  } catch (error) {
    if (flags === '-O3') throw error;
    say(`${NATIVE}: does not compile with ${flags}; without them`);
    await compile('-O3');
  }
  const loaded = spawnSync(process.execPath, ['-e', `require('${NATIVE}')`], { encoding: 'utf8' });
  if (loaded.status !== 0)
    throw new Error(
      `${NATIVE} does not load after \`npm rebuild ${NATIVE}\` (${ADDON} is ${isCompiled() ? '' : 'not '}there). ` +
        `If npm held its install script back, allow it: npm install-scripts approve ${NATIVE}\n${loaded.stderr}`,
    );
}

function hasV3() {
  try {
    const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))[1].split(' ');
    return V3.every((flag) => flags.includes(flag));
  } catch {
    return false; // not Linux
  }
}
