import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'unit/**/*.test.ts',
      'contracts/**/*.test.ts',
      'workflows/**/*.test.ts',
      'end-to-end/**/*.test.ts',
      '*.test.ts',
    ],
    globalSetup: './support/global-setup.ts',
    // A busy machine takes a minute for what an idle one does in seconds.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    maxWorkers: 2,
    pool: 'forks',
  },
});
