import { defineConfig } from 'vitest/config';

/** What takes longer than the quick part may: whole data sets. Not part of CI. */
export default defineConfig({
  test: {
    include: ['slow/**/*.test.ts', 'interop/**/*.test.ts'],
    globalSetup: './support/global-setup.ts',
    testTimeout: 3_600_000,
    hookTimeout: 3_600_000,
    maxWorkers: 1,
    pool: 'forks',
  },
});
