import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { ADMIN_KEY, type RunningApi, runApi } from './rest.ts'
import { type CliAnswer, CliUser } from './run-cli.ts'

/** Who calls the command line in the tests of a file: somebody else, with an empty home, in each. */
export class CliBench {
  user!: CliUser

  constructor() {
    beforeEach(() => {
      this.user = new CliUser()
    })
    afterEach(() => this.user[Symbol.dispose]())
  }
}

/** A gateway's API for the tests of a file, and who calls it: in each test with the key that is given here. */
export class ApiBench extends CliBench {
  api!: RunningApi

  constructor(key = ADMIN_KEY) {
    super()
    beforeAll(async () => {
      this.api = await runApi()
    })
    afterAll(() => this.api.close())
    beforeEach(() => {
      this.user.env = { FAIRLEAD_URL: this.api.url, FAIRLEAD_API_KEY: key }
    })
  }
}

/** The cells of what is printed for programs. */
export function rowsOf({ stdout }: CliAnswer): string[][] {
  const lines = stdout.trimEnd().split('\n')
  return lines.map((line) => line.split('\t'))
}
