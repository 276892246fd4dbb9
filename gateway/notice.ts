import { networkInterfaces } from 'node:os'
import type { Config } from './config.ts'
import type { RunningGateway } from './gateway.ts'

/** What a person needs to see once, at the start: where things are, and how to connect a device. */
export function startNotice(config: Config, gateway: RunningGateway): string {
  const { url, ca, mqtt_url, port } = gateway.address
  const host = deviceHost(config)
  const lines = [
    '',
    `  Fairlead is ready           ${url}`,
    `  bus                         ${mqtt_url}`,
    ...(ca === undefined ? [] : [`  CA for devices and tools    ${ca}`]),
    ...(gateway.caFingerprint === undefined ? [] : [`  SHA-256 of the CA           ${gateway.caFingerprint}`]),
    '',
    '  To connect a device, make its token and type on its serial console (115200 baud):',
    '    npm run fairlead -- device add <name>',
    `    gateway ${host} ${port}`,
    ...(ca === undefined ? [] : [`    ca                        then paste ${ca}`]),
    '    token <the token>',
    '',
    ...linkLines(url, gateway.newLoginLink),
    ...keyLines(gateway.newAdminKey),
  ]
  return `${lines.join('\n')}\n`
}

/** The secret stands behind `#`, which browsers send to nobody. */
function linkLines(url: string, link: string | undefined): string[] {
  if (link === undefined) return []
  return [
    '  Nobody can log in at the dashboard yet. Open this once, within 24 hours, to become its first admin:',
    `    ${url}/#/welcome/${link}`,
    '',
  ]
}

function keyLines(key: string | undefined): string[] {
  if (key === undefined) return []
  return [
    '  The first API key, shown this once. Keep it; only its hash is stored:',
    `    export FAIRLEAD_API_KEY=${key}`,
    '',
  ]
}

/** An address that a board on the same network can reach. */
function deviceHost(config: Config): string {
  const [named] = config.publicHosts
  if (named !== undefined) return named
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  return addresses.find((item) => item.family === 'IPv4' && !item.internal)?.address ?? 'localhost'
}
