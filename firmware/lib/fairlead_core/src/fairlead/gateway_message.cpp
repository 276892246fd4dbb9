#include "fairlead/gateway_message.hpp"

#include "fairlead/gateway_fields.hpp"
#include "fairlead/json_text.hpp"
#include "fairlead/limits.hpp"

namespace fairlead {
namespace {

constexpr uint64_t kMsMax = limits::kWholeNumberMax;
constexpr size_t kCodeMin = 1000;
constexpr size_t kCodeMax = 4999;

/** */
constexpr const char* kNackCodes[] = {"malformed", "too_large", "forbidden"};

/** [L-1] A limit over 32 bit is as good as none. */
uint32_t count(Fields& fields, const char* name) {
  const uint64_t value = fields.integer(name, 1, limits::kWholeNumberMax);
  return value > UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(value);
}

/** `welcome.limits` [L-1]; `json` is an object that was checked already. */
ParseResult read_limits(std::string_view json, SessionLimits& into) {
  Field wanted[] = {{"frame_bytes"}, {"payload_bytes"},  {"points"}, {"window_messages"},  {"window_bytes"},
                    {"messages_per_s"}, {"burst"}, {"ping_interval_ms"}, {"pong_timeout_ms"}};
  constexpr size_t kCount = sizeof wanted / sizeof wanted[0];
  JsonReader reader(json);
  ParseResult result;
  result.problem = read_object(reader, wanted, kCount, result.field);
  if (!result.ok()) return result;
  Fields fields(wanted, kCount);
  into.frame_bytes = count(fields, "frame_bytes");
  into.payload_bytes = count(fields, "payload_bytes");
  into.points = count(fields, "points");
  into.window_messages = count(fields, "window_messages");
  into.window_bytes = count(fields, "window_bytes");
  into.messages_per_s = count(fields, "messages_per_s");
  into.burst = count(fields, "burst");
  into.ping_interval_ms = count(fields, "ping_interval_ms");
  into.pong_timeout_ms = count(fields, "pong_timeout_ms");
  return fields.result();
}

/** [S-3] [S-14] */
void read_welcome(Fields& fields, GatewayMessage& into) {
  into.session = fields.integer("session", 1, kMsMax);
  into.now_ms = fields.integer("now", 0, kMsMax);
  const std::string_view limits_json = fields.object("limits");
  if (!fields.ok()) return;
  fields.refuse(read_limits(limits_json, into.limits));
  into.has_acked = fields.has("acked");
  if (into.has_acked) into.seq = static_cast<uint32_t>(fields.integer("acked", 0, limits::kSeqMax));
}

/** */
void read_ack(Fields& fields, GatewayMessage& into) {
  into.seq = fields.seq();
  into.has_boot = fields.has("boot");
  if (into.has_boot) fields.boot("boot", into.boot);
}

/** */
void read_nack(Fields& fields, GatewayMessage& into) {
  read_ack(fields, into);
  fields.one_of("code", kNackCodes, sizeof kNackCodes / sizeof kNackCodes[0], into.nack_code, sizeof into.nack_code);
  fields.text("reason", limits::kLogTextMaxBytes, into.reason, sizeof into.reason);
}

/** [C-13] */
void read_command(Fields& fields, GatewayMessage& into) {
  fields.name("id", into.id);
  fields.name("name", into.name);
  into.json = fields.object("params");
  into.expires_in_ms = fields.integer("expires_in_ms", 0, kMsMax);
}

/** [C-16] */
void read_cancel(Fields& fields, GatewayMessage& into) { fields.name("id", into.id); }

/** [M-12] */
void read_desired(Fields& fields, GatewayMessage& into) {
  into.version = fields.integer("version", 0, limits::kWholeNumberMax);
  into.json = fields.object("state");
}

/** [K-7] */
void read_token(Fields& fields, GatewayMessage& into) {
  fields.name("token_id", into.id);
  into.token = fields.token("token");
}

/** [S-8] */
void read_bye(Fields& fields, GatewayMessage& into) {
  into.code = static_cast<uint16_t>(fields.integer("code", kCodeMin, kCodeMax));
  fields.text("reason", limits::kLogTextMaxBytes, into.reason, sizeof into.reason);
  into.reconnect = fields.boolean("reconnect");
  into.retry_after_ms = fields.integer("retry_after_ms", 0, kMsMax);
}

/** [M-10] */
struct Reader {
  const char* type;
  GatewayMessageType as;
  void (*read)(Fields&, GatewayMessage&);
};
constexpr Reader kReaders[] = {
    {"welcome", GatewayMessageType::Welcome, read_welcome}, {"ack", GatewayMessageType::Ack, read_ack},
    {"nack", GatewayMessageType::Nack, read_nack},          {"command", GatewayMessageType::Command, read_command},
    {"cancel", GatewayMessageType::Cancel, read_cancel},    {"desired", GatewayMessageType::Desired, read_desired},
    {"token", GatewayMessageType::Token, read_token},       {"bye", GatewayMessageType::Bye, read_bye},
};

}  // namespace

ParseResult parse_gateway_message(ByteView frame, GatewayMessage& into) {
  Field wanted[] = {{"type"},  {"session"}, {"now"},    {"limits"}, {"acked"},   {"seq"},       {"boot"},
                    {"code"},  {"reason"},  {"id"},     {"name"},   {"params"},  {"expires_in_ms"},
                    {"version"}, {"state"}, {"token_id"}, {"token"}, {"reconnect"}, {"retry_after_ms"}};
  constexpr size_t kCount = sizeof wanted / sizeof wanted[0];
  JsonReader reader(text_of(frame));
  ParseResult result;
  result.problem = read_object(reader, wanted, kCount, result.field);
  if (!result.ok()) return result;
  const Field& type = wanted[0];
  if (type.kind != JsonToken::Text) return {Problem::NoType, ""};  // [M-2]
  Fields fields(wanted, kCount);
  for (const Reader& one : kReaders) {
    if (!json_text_is(type.raw, one.type)) continue;
    into = GatewayMessage{};
    into.type = one.as;
    one.read(fields, into);
    return fields.result();
  }
  return {Problem::UnknownType, ""};
}

}  // namespace fairlead
