import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // Tests wait for servers most of their time; without this, two cores get one worker.
    maxWorkers: '100%',
    globalSetup: ['test/support/pages.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
