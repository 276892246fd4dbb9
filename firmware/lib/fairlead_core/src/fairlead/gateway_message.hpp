#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fairlead/bytes.hpp"
#include "fairlead/problem.hpp"

namespace fairlead {

/** [L-1] What this session may do; the values before `welcome` are the defaults of the protocol. */
struct SessionLimits {
  uint32_t frame_bytes = 64 * 1024, payload_bytes = 14 * 1024, points = 100, window_messages = 64,
           window_bytes = 32 * 1024, messages_per_s = 50, burst = 200, ping_interval_ms = 18000,
           pong_timeout_ms = 8000;
};

enum class GatewayMessageType : uint8_t { Welcome, Ack, Nack, Command, Cancel, Desired, Token, Bye };

/**
 * A message from the gateway. Texts are copies without escapes, NUL-terminated; `json` points into the frame and holds
 * `params` or `state` as raw JSON. Only the fields of `type` mean anything.
 */
struct GatewayMessage {
  GatewayMessageType type = GatewayMessageType::Bye;
  // welcome
  uint64_t session = 0;
  uint64_t now_ms = 0;
  SessionLimits limits;
  bool has_acked = false;
  // welcome (acked), ack, nack
  uint32_t seq = 0;
  bool has_boot = false;
  char boot[33] = {};
  // command, cancel, token (token_id)
  char id[65] = {};
  // command
  char name[65] = {};
  uint64_t expires_in_ms = 0;
  // desired
  uint64_t version = 0;
  std::string_view json;
  // bye
  uint16_t code = 0;
  bool reconnect = false;
  uint64_t retry_after_ms = 0;
  // nack (code), nack and bye (reason, cut at its size)
  char nack_code[16] = {};
  char reason[96] = {};
  // token: into the frame; visible ASCII without escapes [K-3], so it can stand in a header as it is
  std::string_view token;
};

struct ParseResult {
  Problem problem = Problem::None;
  /** Name of the field at fault, or "". Static storage. */
  const char* field = "";
  bool ok() const { return problem == Problem::None; }
};

/**
 * A text frame from the gateway as a message, or the reason: the same code and field as protocol/gateway-messages.ts,
 * but that a frame nested deeper than kFrameDepthMax is `too_deep`, and a token that is none [K-3] is `bad_text`.
 * No heap, no recursion. Where it is refused, `into` means nothing.
 */
ParseResult parse_gateway_message(ByteView frame, GatewayMessage& into);

}  // namespace fairlead
