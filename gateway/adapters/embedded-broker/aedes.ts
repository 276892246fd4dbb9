import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { Aedes, type AuthenticateError, type Client } from 'aedes'
import { plainAddress } from '../../core/address.ts'
import { mayClientPublish } from '../../core/bus-access.ts'
import type { Log } from '../../core/ports.ts'
import { type Credential, mayConnect } from './access.ts'

/** A subscriber that does not read holds up all others until it is dropped. */
const DRAIN_TIMEOUT_MS = 2_000
const CONNECT_TIMEOUT_MS = 5_000
/** A client must say at least this often that it lives, or half-open sockets pile up. */
const KEEPALIVE_MAX_S = 300
/** `devices/{id}/command/request/{cid}` has five below a base of a few. */
const TOPIC_LEVELS_MAX = 16
/** Packets of a client that arrive before its CONNECT is answered. */
const EARLY_PACKETS_MAX = 42
/** CONNACK of MQTT 3.1.1. */
const BAD_USER_NAME_OR_PASSWORD = 4

export interface AedesNeeds extends Credential {
  readonly base: string
  readonly log: Log
}

/** aedes with our bounds and rules. It keeps no session of a client that left: that memory would have no bound. */
export function openAedes(needs: AedesNeeds): Aedes {
  const aedes = new Aedes({
    drainTimeout: DRAIN_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepaliveLimit: KEEPALIVE_MAX_S,
    maxTopicLevels: TOPIC_LEVELS_MAX,
    queueLimit: EARLY_PACKETS_MAX,
    preConnect: (_client, packet, done) => {
      packet.clean = true // no queue for the absent
      done(null, true)
    },
    authenticate: (client, username, password, done) => {
      const isKnown = mayConnect(needs, addressOf(client), username, password)
      done(isKnown ? null : notKnown(), isKnown)
    },
    authorizePublish: (_client, packet, done) => {
      done(mayClientPublish(needs.base, packet.topic) ? null : new Error('topic is reserved for the gateway'))
    },
  })
  logTrouble(aedes, needs.log)
  return aedes
}

function notKnown(): AuthenticateError {
  return Object.assign(new Error('bad user name or password'), { returnCode: BAD_USER_NAME_OR_PASSWORD })
}

function logTrouble(aedes: Aedes, log: Log): void {
  const events: EventEmitter = aedes // its own types do not know of `error`
  events.on('error', (error: unknown) => log.error({ error }, 'embedded broker failed'))
  const dropped = (client: Client, { message }: Error) => {
    log.info({ client: client.id, address: addressOf(client), reason: message }, 'bus client dropped')
  }
  aedes.on('clientError', dropped)
  aedes.on('connectionError', dropped)
}

function addressOf({ conn }: Client): string {
  return plainAddress((conn as Socket).remoteAddress)
}
