import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'

/** The first flight of a real client whose server name is 9 bytes long. */
export async function recordClientHello(): Promise<Buffer> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const client = tls.connect({ port: address.port, host: '127.0.0.1', servername: 'localhost', maxVersion: 'TLSv1.2' })
  client.on('error', () => {})
  const [peer]: net.Socket[] = await once(server, 'connection')
  const [data]: Buffer[] = peer === undefined ? [] : await once(peer, 'data')
  client.destroy()
  peer?.destroy()
  server.close()
  if (data === undefined) throw new Error('no hello')
  return data
}

/** The same hello with another server name, all the lengths around it corrected. */
export function withServerName(template: Buffer, servername: string): Buffer {
  const name = Buffer.from(servername)
  const at = template.indexOf('localhost')
  const grown = name.length - 'localhost'.length
  const hello = Buffer.concat([template.subarray(0, at), name, template.subarray(at + 'localhost'.length)])
  const add = (offset: number) => hello.writeUInt16BE(hello.readUInt16BE(offset) + grown, offset)
  add(3) // record
  add(7) // handshake message, the lower two of its three length bytes
  add(at - 2) // name
  add(at - 5) // list of names
  add(at - 7) // extension
  add(extensionsAt(hello))
  return hello
}

/** Where the length of all extensions stands in a hello. */
function extensionsAt(hello: Buffer): number {
  let at = 5 + 4 + 2 + 32 // record and handshake headers, version, random
  at += 1 + hello.readUInt8(at) // session id
  at += 2 + hello.readUInt16BE(at) // ciphers
  return at + 1 + hello.readUInt8(at) // compression
}
