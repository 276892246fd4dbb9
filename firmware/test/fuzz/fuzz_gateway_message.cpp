#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "fairlead/gateway_message.hpp"
#include "fairlead/json_check.hpp"
#include "fairlead/limits.hpp"
#include "fairlead/names.hpp"
#include "fairlead/utf8.hpp"

using namespace fairlead;

/** Any bytes as a frame of the gateway: refused with a reason, or a message that keeps every promise of its type. */
namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

bool is_inside(std::string_view part, const uint8_t* data, size_t size) {
  const auto* const begin = reinterpret_cast<const char*>(data);
  return part.data() >= begin && part.data() + part.size() <= begin + size;
}

void check_text(const char* text, size_t capacity) {
  const size_t length = strnlen(text, capacity);
  must(length < capacity);
  for (size_t at = 0; at < length;) {
    const size_t bytes = utf8_character({text, length}, at);
    must(bytes > 0);
    at += bytes;
  }
}

void check_message(const GatewayMessage& m, const uint8_t* data, size_t size) {
  check_text(m.reason, sizeof m.reason);
  check_text(m.nack_code, sizeof m.nack_code);
  if (m.has_boot) must(is_boot_id(m.boot));
  switch (m.type) {
    case GatewayMessageType::Welcome:
      must(m.session >= 1 && m.session <= limits::kWholeNumberMax && m.now_ms <= limits::kWholeNumberMax);
      must(m.limits.window_messages >= 1 && m.limits.points >= 1 && m.limits.ping_interval_ms >= 1);
      return;
    case GatewayMessageType::Ack:
    case GatewayMessageType::Nack: must(m.seq >= 1); return;
    case GatewayMessageType::Command: must(is_name(m.name)); [[fallthrough]];
    case GatewayMessageType::Cancel:
      must(is_name(m.id));
      if (m.type == GatewayMessageType::Cancel) return;
      [[fallthrough]];
    case GatewayMessageType::Desired:
      must(is_inside(m.json, data, size));
      must(object_problem(m.json) == Problem::None);
      return;
    case GatewayMessageType::Token:
      must(is_name(m.id) && is_token(m.token) && is_inside(m.token, data, size));
      return;
    case GatewayMessageType::Bye: must(m.code >= 1000 && m.code <= 4999); return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  GatewayMessage message;
  const ParseResult result = parse_gateway_message({data, size}, message);
  must(result.field != nullptr);
  if (result.ok()) check_message(message, data, size);
  else must(std::strcmp(problem_text(result.problem), "none") != 0);
  return 0;
}
