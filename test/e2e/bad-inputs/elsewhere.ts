/** Bad inputs that another test shows, since it needs a part alone, another process or another language. */
export interface ShownElsewhere {
  readonly id: string
  readonly sends: string
  readonly file: string
  /** How the title of the test begins. */
  readonly title: string
}

export const ELSEWHERE: readonly ShownElsewhere[] = [
  {
    id: 'B23',
    sends: 'a frozen bus subscriber',
    file: 'test/integration/embedded-broker.test.ts',
    title: 'a subscriber that stops reading is dropped',
  },
  {
    id: 'B24',
    sends: 'a broker that stops under load',
    file: 'test/integration/mosquitto.test.ts',
    title: 'when the broker restarts under load',
  },
  {
    id: 'B24',
    sends: 'a broker that freezes',
    file: 'test/integration/mosquitto.test.ts',
    title: 'a broker that freezes is noticed',
  },
  {
    id: 'B24',
    sends: 'a broker that confirms nothing',
    file: 'test/integration/mqtt-faults.test.ts',
    title: 'a broker that takes everything and confirms nothing',
  },
  {
    id: 'B24',
    sends: 'a broker that sends garbage',
    file: 'test/integration/mqtt-faults.test.ts',
    title: 'a broker that begins a packet of 256 MB',
  },
  {
    id: 'B24',
    sends: 'a broker that closes each connection',
    file: 'test/integration/mqtt-faults.test.ts',
    title: 'a peer that closes every connection',
  },
  {
    id: 'B25',
    sends: 'a retained request',
    file: 'test/e2e/commands.test.ts',
    title: '[C-9] a retained request is ignored',
  },
  { id: 'B26', sends: 'SIGTERM twice', file: 'test/e2e/process.test.ts', title: 'a second signal ends it at once' },
  {
    id: 'B26',
    sends: 'SIGKILL',
    file: 'test/integration/sqlite.test.ts',
    title: 'loses no command that was acknowledged',
  },
  {
    id: 'B27',
    sends: 'a full disk',
    file: 'test/integration/sqlite-full-disk.test.ts',
    title: 'a full disk: nothing false is promised',
  },
  {
    id: 'B27',
    sends: 'a damaged database',
    file: 'test/e2e/process.test.ts',
    title: 'a damaged database is named and left as it is',
  },
  {
    id: 'B27',
    sends: 'a database with a damaged page',
    file: 'test/integration/sqlite.test.ts',
    title: 'one with a damaged page is refused',
  },
  {
    id: 'B27',
    sends: 'a disk that fails or takes 2 s for an fsync',
    file: 'test/chaos/cases/disk.ts',
    title: 'a disk that fails (EIO)',
  },
  {
    id: 'B28',
    sends: 'a process that stood still',
    file: 'test/unit/core-heartbeat.test.ts',
    title: 'a process that was suspended blames no device',
  },
  {
    id: 'B28',
    sends: 'SIGSTOP for 20 s',
    file: 'test/chaos/cases/gateway-frozen.ts',
    title: 'SIGSTOP of the gateway for 20 s',
  },
  {
    id: 'B28',
    sends: 'a wall clock that is set by hours and days',
    file: 'test/unit/core-clock-steps.test.ts',
    title: 'ends no session: heartbeats go by intervals',
  },
  {
    id: 'B29',
    sends: 'a cable that was cut',
    file: 'test/e2e/presence.test.ts',
    title: '[S-7] a device whose pongs stop is offline',
  },
  {
    id: 'B30',
    sends: 'a whole fleet at once, without jitter',
    file: 'test/chaos/cases/reconnect-storm.ts',
    title: 'A whole fleet reconnects at once',
  },
  {
    id: 'B31',
    sends: 'bad REST requests',
    file: 'test/integration/rest-bad-input.test.ts',
    title: 'a body of 2 MiB is refused',
  },
  {
    id: 'B32',
    sends: 'a cookie from another site',
    file: 'test/e2e/live.test.ts',
    title: 'keys and our own page; nobody else',
  },
  {
    id: 'B32',
    sends: 'a cookie of before the login, or after the logout',
    file: 'test/integration/rest-logins.test.ts',
    title: 'gives a cookie that scripts cannot read',
  },
  {
    id: 'B34',
    sends: 'everything hostile into a log line',
    file: 'test/unit/log.test.ts',
    title: 'stays one valid line whatever is in it',
  },
  {
    id: 'B35',
    sends: 'a server name of 300 characters, or with NUL',
    file: 'test/integration/https-listener.test.ts',
    title: 'survives a server name of',
  },
  {
    id: 'B35',
    sends: 'a certificate file of garbage',
    file: 'test/integration/certificates.test.ts',
    title: 'is taken over when its files change; garbage is reported',
  },
  {
    id: 'B36',
    sends: 'bad arguments for the simulator',
    file: 'test/integration/simulator-command-line.test.ts',
    title: 'when arguments are wrong',
  },
  {
    id: 'B36',
    sends: 'a Retry-After that is none',
    file: 'test/unit/simulator-backoff.test.ts',
    title: 'Retry-After "%s" is read as',
  },
  {
    id: 'B37',
    sends: 'a 101 that is none, to the firmware',
    file: 'firmware/test/test_ws_links2004/test_ws_links2004.cpp',
    title: 'a 101 that is none is a protocol failure',
  },
  {
    id: 'B37',
    sends: 'lengths over 2^63, to the firmware',
    file: 'firmware/test/test_ws_beast/test_frames.cpp',
    title: 'heads: lengths that are not in their shortest form',
  },
  {
    id: 'B37',
    sends: 'fragments, to the firmware',
    file: 'firmware/test/test_ws_beast/test_frames.cpp',
    title: '[M-1] fragments, masked frames and reserved bits',
  },
  {
    id: 'B37',
    sends: 'each close code, to the firmware',
    file: 'firmware/test/test_retry_policy/test_advice_vectors.cpp',
    title: 'each close code is come back from',
  },
  {
    id: 'B38',
    sends: 'a foreign CA, to the firmware',
    file: 'firmware/test/test_ws_beast/test_tls.cpp',
    title: '[H-1] a certificate of a foreign CA is refused',
  },
  {
    id: 'B38',
    sends: 'a wrong host name, to the firmware',
    file: 'firmware/test/test_ws_beast/test_tls.cpp',
    title: 'a certificate for another host is refused',
  },
  {
    id: 'B38',
    sends: 'a CA that has ended, to the firmware',
    file: 'firmware/test/test_ws_beast/test_tls.cpp',
    title: 'an ended certificate passes as on an ESP32',
  },
]

/** Bad inputs for what is not there. Each leaves this list with the part that it is sent to. */
export const NOT_APPLICABLE: Readonly<Record<string, string>> = {
  B33: 'addresses for webhooks and updates: the gateway fetches nothing by an address that a client names',
}
