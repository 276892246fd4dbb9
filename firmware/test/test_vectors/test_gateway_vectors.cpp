#include <doctest/doctest.h>

#include "fairlead/gateway_message.hpp"
#include "fairlead/names.hpp"
#include "vector_files.hpp"

using namespace fairlead;
using nlohmann::json;

namespace {

json limits_json(const SessionLimits& limits) {
  return {{"frame_bytes", limits.frame_bytes},
          {"payload_bytes", limits.payload_bytes},
          {"points", limits.points},
          {"window_messages", limits.window_messages},
          {"window_bytes", limits.window_bytes},
          {"messages_per_s", limits.messages_per_s},
          {"burst", limits.burst},
          {"ping_interval_ms", limits.ping_interval_ms},
          {"pong_timeout_ms", limits.pong_timeout_ms}};
}

void add_place(json& wire, const GatewayMessage& m) {
  wire["seq"] = m.seq;
  if (m.has_boot) wire["boot"] = m.boot;
}

/** The message in its wire form, to compare with the vector. */
json wire_form(const GatewayMessage& m) {
  json wire;
  switch (m.type) {
    case GatewayMessageType::Welcome:
      wire = {{"type", "welcome"}, {"session", m.session}, {"now", m.now_ms}, {"limits", limits_json(m.limits)}};
      if (m.has_acked) wire["acked"] = m.seq;
      return wire;
    case GatewayMessageType::Ack:
      wire["type"] = "ack";
      add_place(wire, m);
      return wire;
    case GatewayMessageType::Nack:
      wire = {{"type", "nack"}, {"code", m.nack_code}, {"reason", m.reason}};
      add_place(wire, m);
      return wire;
    case GatewayMessageType::Command:
      return {{"type", "command"}, {"id", m.id}, {"name", m.name}, {"params", json::parse(m.json)}, {"expires_in_ms", m.expires_in_ms}};
    case GatewayMessageType::Cancel: return {{"type", "cancel"}, {"id", m.id}};
    case GatewayMessageType::Desired: return {{"type", "desired"}, {"version", m.version}, {"state", json::parse(m.json)}};
    case GatewayMessageType::Token: return {{"type", "token"}, {"token_id", m.id}, {"token", std::string(m.token)}};
    case GatewayMessageType::Bye:
      return {{"type", "bye"}, {"code", m.code}, {"reason", m.reason}, {"reconnect", m.reconnect}, {"retry_after_ms", m.retry_after_ms}};
  }
  return wire;
}

json outcome(const std::string& text) {
  GatewayMessage message;
  const ParseResult result = parse_gateway_message(bytes_of(text), message);
  if (result.ok()) return {{"message", wire_form(message)}};
  json problem = {{"code", problem_text(result.problem)}};
  if (result.field[0] != '\0') problem["field"] = result.field;
  return {{"problem", problem}};
}

}  // namespace

TEST_CASE("every vector of the gateway's messages has exactly its outcome") {
  for (const json& one : vector_cases("gateway-text")) {
    INFO(one.at("name").get<std::string>() << " [" << one.at("clause").get<std::string>() << "]");
    CHECK(outcome(one.at("text")) == one.at("expect"));
  }
}

TEST_CASE("every vector of names has its outcome [N-1] [N-2] [N-3]") {
  for (const json& one : vector_cases("names")) {
    const std::string text = one.at("text");
    CAPTURE(text);
    const json& expect = one.at("expect");
    CHECK(is_name(text) == expect.at("name").get<bool>());
    CHECK(is_boot_id(text) == expect.at("boot").get<bool>());
    CHECK(is_sha256(text) == expect.at("sha256").get<bool>());
  }
}

TEST_CASE("what every frame of a device must be, a frame of the gateway must be too") {
  // device-text cases that fail before the type is known do not depend on the direction.
  int run = 0;
  for (const json& one : vector_cases("device-text")) {
    const json& expect = one.at("expect");
    if (!expect.contains("problem")) continue;
    const std::string code = expect.at("problem").at("code");
    if (code != "not_json" && code != "not_object" && code != "no_type") continue;
    INFO(one.at("name").get<std::string>());
    CHECK(outcome(one.at("text")) == expect);
    run++;
  }
  CHECK(run >= 15);
}
