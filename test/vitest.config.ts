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
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    pool: 'forks',
  },
});
