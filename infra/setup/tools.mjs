import { spawnSync } from 'node:child_process';
import { goVersion, onPath } from './servers.mjs';

const NODE = '20.19';

/** What is missing for the work ahead, each with the way to get it. `goFor`: servers that must be built. */
export function missingTools({ compile, goFor }) {
  const missing = [];
  if (isOlder(process.versions.node, NODE))
    missing.push(`Node ${NODE} or newer (this is ${process.versions.node}): https://nodejs.org`);
  if (!onPath('npm')) missing.push('npm: it comes with Node, https://nodejs.org');
  if (compile) missing.push(...missingForCompiling());
  for (const server of goFor) missing.push(...missingGo(server));
  return missing;
}

function missingForCompiling() {
  const compilers = [process.env.CXX?.split(' ')[0], 'c++', 'g++', 'clang++'].filter(Boolean);
  const get = (name) =>
    process.platform === 'darwin'
      ? 'xcode-select --install'
      : `apt-get install ${name} (or your system's like)`;
  const missing = [];
  if (!compilers.some(onPath)) missing.push(`a C++ compiler, for hnswlib-node: ${get('g++')}`);
  if (!onPath('make')) missing.push(`make, for hnswlib-node: ${get('make')}`);
  if (spawnSync('python3', ['--version']).status !== 0)
    missing.push(`Python 3, for hnswlib-node's build: ${get('python3')}`);
  return missing;
}

function missingGo(server) {
  const version = goVersion();
  if (version !== undefined && !isOlder(version, server.go)) return [];
  const given = version === undefined ? 'there is none on the PATH' : `this is ${version}`;
  const instead =
    server.name === 'temporal'
      ? '; or install the Temporal CLI (https://docs.temporal.io/cli); or set TEMPORAL_ADDRESS'
      : '';
  return [`Go ${server.go} or newer (${given}), to build the ${server.title}: https://go.dev/dl${instead}`];
}

function isOlder(version, than) {
  const [a, b] = [version, than].map((text) => text.split('.').map(Number));
  for (let i = 0; i < b.length; i++) if ((a[i] || 0) !== b[i]) return (a[i] || 0) < b[i];
  return false;
}
