import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { startScript } from './gateway/start-script.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/helpers/build-dashboard.ts'],
    // Most files wait for sockets, processes and time limits more than they compute: on two cores one alone idles.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Tests start threads, as the gateway does: docs/operations.md, "A crash of V8".
    execArgv: [...startScript().flags],
    // What is awaited comes at once on an idle machine. A shared one may stand still for seconds, and only a defect
    // should ever meet these ends.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
    coverage: {
      provider: 'v8',
      include: ['protocol/**/*.ts', 'gateway/**/*.ts', 'simulator/**/*.ts', 'cli/**/*.ts'],
      reporter: ['text-summary', 'html'],
    },
  },
})
