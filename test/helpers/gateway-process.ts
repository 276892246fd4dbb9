import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { type GatewayProcess, launchGateway } from './launch-gateway.ts'

/** `launchGateway`, killed with the test. */
export function spawnGateway(env: Readonly<Record<string, string>>): GatewayProcess {
  const gateway = launchGateway(env)
  onTestFinished(() => void gateway.child.kill('SIGKILL'))
  return gateway
}

/** The content of run.json once the process has written it. */
export async function addressOf(gateway: GatewayProcess, dataDir: string) {
  const read = async () => JSON.parse(await readFile(join(dataDir, 'run.json'), 'utf8')) as { pid: number }
  const own = async () => (await read().catch(() => undefined))?.pid
  await expect.poll(own, { timeout: 15_000, message: gateway.stderr() }).toBe(gateway.child.pid)
  return JSON.parse(await readFile(join(dataDir, 'run.json'), 'utf8')) as {
    port: number
    url: string
    ca: string
    mqtt_url: string
  }
}
