/**
 * Every limit that both ends of the wire must agree on, with its reason.
 * A device learns the ones that concern it from `welcome.limits` [L-1]; a gateway may be set to other values.
 */

/** [L-2] One frame from a device. 64 KiB is what ws and most proxies pass without surprise. */
export const DEVICE_FRAME_MAX_BYTES = 64 * 1024
/** [L-3] One telemetry or event message as JSON. Stamped and published it must stay under BUS_PAYLOAD_MAX_BYTES. */
export const TELEMETRY_MAX_BYTES = 14 * 1024
/** [L-4] One JSON payload on the bus: small MQTT clients allocate their largest packet. Binary channels are exempt. */
export const BUS_PAYLOAD_MAX_BYTES = 16 * 1024
/** [L-5] One frame to a device. The Arduino WebSocketsClient takes 15 KiB; 4 KiB leaves its heap whole. */
export const GATEWAY_FRAME_MAX_BYTES = 4 * 1024
/** [L-6] `params` of a command and `desired` state, so that the message around them fits one frame to a device. */
export const PARAMS_MAX_BYTES = 3 * 1024
/** [L-7] Points in one telemetry message: more is a batch that should have been two. */
export const POINTS_MAX = 100
/** [L-8] Unacknowledged messages of one device: the whole of its share of the gateway's memory, with the next. */
export const WINDOW_MAX_MESSAGES = 64
/** [L-8] Unacknowledged bytes of one device. One message alone may be larger than this. */
export const WINDOW_MAX_BYTES = 32 * 1024
/** [L-9] Sustained messages per second of one device; over it the gateway withholds acknowledgements. */
export const DEVICE_MESSAGES_PER_S = 50
/** [L-9] Messages a device may send at once after a pause, so that an outbox empties quickly. */
export const DEVICE_MESSAGES_BURST = 200
/** [L-9] Sustained bytes per second of one device. */
export const DEVICE_BYTES_PER_S = 512 * 1024
/** [L-10] `hello` must come within this time after the 101. */
export const HELLO_TIMEOUT_MS = 15_000
/** [L-11] The gateway pings this often … */
export const PING_INTERVAL_MS = 18_000
/** [L-11] … and any frame must follow within this: 18 s + 8 s and a second of timer slack stay under 30 s. */
export const PONG_TIMEOUT_MS = 8_000
/** [L-12] Acknowledgements are gathered for at most this long while messages keep coming. */
export const ACK_DELAY_MAX_MS = 50
/** [L-13] Malformed messages within MALFORMED_WINDOW_MS before the session ends with 4014. */
export const MALFORMED_MAX = 20
export const MALFORMED_WINDOW_MS = 60_000
/** [L-14] Boots of one device whose sequence numbers the gateway remembers. */
export const BOOTS_REMEMBERED = 4
/** [L-15] `seq` is an unsigned 32-bit number from 1; a device starts a new boot id before it would wrap. */
export const SEQ_MAX = 0xffff_ffff
/** [L-16] Text fields: firmware and model names; a log line, an error message; a telemetry value that is text. */
export const LABEL_MAX_BYTES = 64
export const LOG_TEXT_MAX_BYTES = 1024
export const VALUE_TEXT_MAX_BYTES = 1024
/** [L-17] Nesting of free-form JSON (`data`, `state`, `params`): a recursive reader on a 10 KB stack survives it. */
export const JSON_DEPTH_MAX = 8
/** [L-18] Capabilities a device may name in `hello`. */
export const CAPABILITIES_MAX = 32
/** [L-19] Commands of one device that wait or run, and how many of them may be sent and unfinished. */
export const COMMANDS_WAITING_MAX = 100
export const COMMANDS_IN_FLIGHT_MAX = 8
/** [L-20] Command ids with their results that a device remembers: twice what can be unfinished. */
export const COMMAND_IDS_REMEMBERED = 16
/** [L-21] Life of a command until `accepted`, and its run time after that. */
export const COMMAND_TTL_MIN_S = 1
export const COMMAND_TTL_MAX_S = 30 * 24 * 3600
export const COMMAND_TTL_DEFAULT_S = 3600
export const COMMAND_TIMEOUT_MAX_S = 24 * 3600
export const COMMAND_TIMEOUT_DEFAULT_S = 30
/** [L-28] `reported` state as JSON: with the largest `desired` and 1 KiB around both it fits the bus [L-4]. */
export const REPORTED_MAX_BYTES = 12 * 1024
/** [L-28] A version above this is broken memory; as many again are left for versions above it. */
export const REPORTED_VERSION_MAX = 2 ** 52
/** [L-22] Longest sleep a device may promise. */
export const SLEEP_MAX_S = 30 * 24 * 3600
