import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const packages = ['workflows', 'activities', 'workers', 'test'] as const;

/** What each package may import of ours; design.md section 3. */
const ARROWS: Record<string, readonly string[]> = {
  workflows: [],
  activities: ['@quarry/workflows'],
  workers: ['@quarry/workflows', '@quarry/activities'],
  test: ['@quarry/workflows', '@quarry/activities', '@quarry/workers'],
};

interface PackageJson {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

function sources(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory())
      return ['node_modules', 'dist', '.turbo'].includes(entry.name) ? [] : sources(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

function imports(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/(?:from|import|import\()\s*'([^']+)'/g)].map((match) => match[1]!);
}

const sourceOf = (name: string): string => (name === 'test' ? join(root, name) : join(root, name, 'src'));

test.each(packages)(
  '%s imports only what the arrows allow, and never leaves its package by a path',
  (name) => {
    const files = sources(sourceOf(name));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      for (const target of imports(file)) {
        const where = `${relative(root, file)} imports ${target}`;
        if (target.startsWith('@quarry/'))
          expect(ARROWS[name], where).toContain(target.split('/').slice(0, 2).join('/'));
        if (target.startsWith('.'))
          expect(relative(join(root, name), join(dirname(file), target)), where).not.toMatch(/^\.\./);
      }
    }
  },
);

test('the mining core is pure: no import leaves it but the words, no clock, no unseeded randomness', () => {
  const core = join(root, 'activities/src/mining');
  for (const file of sources(core)) {
    const text = readFileSync(file, 'utf8');
    expect(text, relative(root, file)).not.toMatch(/Math\.random|Date\.now|new Date|performance\./);
    for (const target of imports(file)) {
      const where = `${relative(root, file)} imports ${target}`;
      if (target.startsWith('.'))
        expect(relative(core, join(dirname(file), target)), where).not.toMatch(/^\.\./);
      else expect(target, where).toMatch(/^@quarry\/workflows/);
    }
  }
});

test('only workers reads the environment', () => {
  for (const name of ['workflows', 'activities']) {
    for (const file of sources(sourceOf(name)))
      expect(readFileSync(file, 'utf8'), relative(root, file)).not.toContain('process.env');
  }
});

test('files are small, named after one thing, and export by name', () => {
  for (const file of packages.flatMap((name) => sources(sourceOf(name)))) {
    const where = relative(root, file);
    expect(where).not.toMatch(/\/(utils?|helpers?|common|types|misc|shared)\.ts$/);
    expect(readFileSync(file, 'utf8').split('\n').length, where).toBeLessThanOrEqual(301);
    if (!file.endsWith('.config.ts'))
      expect(readFileSync(file, 'utf8'), where).not.toMatch(/^export (default|\*)/m);
  }
});

test('every version is exact, and there is one protobufjs for Temporal', () => {
  for (const path of ['package.json', ...packages.map((name) => `${name}/package.json`)]) {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(
      readFileSync(join(root, path), 'utf8'),
    ) as PackageJson;
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      expect(version, `${path}: ${name}`).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
    }
  }
  const require = createRequire(join(root, 'workers/package.json'));
  const found = ['@temporalio/common', '@temporalio/worker', '@temporalio/proto'].map((name) => {
    const from = createRequire(require.resolve(name));
    return from.resolve('protobufjs');
  });
  expect(new Set(found).size).toBe(1);
});

test('the libraries that the project stands on are in genuine use', () => {
  const all = packages.slice(0, 3).flatMap((name) => sources(sourceOf(name)));
  for (const library of [
    '@temporalio/worker',
    '@temporalio/client',
    'onnxruntime-node',
    'hnswlib-node',
    '@aws-sdk/client-s3',
    'parquetjs-lite',
  ]) {
    expect(all.filter((file) => imports(file).includes(library)).length, library).toBeGreaterThan(0);
  }
});

test('the workflow bundle holds the workflows and no native code', () => {
  const bundle = join(root, 'workers/dist/workflow-bundle.js');
  expect(statSync(bundle).size).toBeLessThan(2_500_000);
  const text = readFileSync(bundle, 'utf8');
  expect(text).toContain('mineHardNegatives');
  for (const native of ['onnxruntime-node', 'hnswlib-node', '@duckdb/node-api', '@aws-sdk', 'zod'])
    expect(text, native).not.toContain(`node_modules/${native}`);
});
