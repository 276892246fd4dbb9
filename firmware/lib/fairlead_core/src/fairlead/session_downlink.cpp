#include "fairlead/device_frames.hpp"
#include "fairlead/outbox.hpp"
#include "fairlead/session.hpp"
#include "fairlead/token_slots.hpp"

namespace fairlead {

namespace {

constexpr uint16_t kTokenExpired = 4001;  ///< [X-1]

}  // namespace

void Session::on_message(ByteView message, bool is_text) {
  liveness_.life(ports_.clock.mono_ms());
  if (!may_send()) return;  // over already, for this side
  GatewayMessage parsed;
  const bool is_readable = is_text && parse_gateway_message(message, parsed).ok();
  const bool in_place = (parsed.type == GatewayMessageType::Welcome) == (state_ == SessionState::Hello) ||
                        parsed.type == GatewayMessageType::Bye;
  if (is_readable && in_place) on_gateway_message(parsed);
  else counters_.strange_frames++;  // passed over [M-2]
}

void Session::on_gateway_message(const GatewayMessage& message) {
  switch (message.type) {
    case GatewayMessageType::Welcome: return on_welcome(message);
    case GatewayMessageType::Ack: return on_ack(message);
    case GatewayMessageType::Nack: return on_nack(message);
    case GatewayMessageType::Command: return on_command(message);
    case GatewayMessageType::Cancel:
      if (runner_.cancel(message.id)) handler_.on_cancel(message.id);
      return;
    case GatewayMessageType::Desired: return on_desired(message);
    case GatewayMessageType::Token: return on_token(message);
    case GatewayMessageType::Bye: return on_bye(message);
  }
}

/** Only this makes the session ready [S-3]. */
void Session::on_welcome(const GatewayMessage& message) {
  const uint64_t now_ms = ports_.clock.mono_ms();
  session_number_ = message.session;
  was_ready_ = true;
  ready_at_ms_ = now_ms;
  counters_.sessions++;
  (void)tokens_.confirm_current();  // if it cannot be stored now, the next `welcome` confirms it
  payload_limit_bytes_ = message.limits.payload_bytes;
  frame_limit_bytes_ = message.limits.frame_bytes;
  window_.start(message.limits);  // [L-1]
  rate_.start(message.limits, now_ms);
  liveness_.start(message.limits, now_ms);
  if (time_.set(message.now_ms, now_ms)) outbox_.set_wall_clock_offset(time_.offset_ms());  // [S-14]
  outbox_.set_limits(payload_limit_bytes_, frame_limit_bytes_);
  outbox_.rewind();  // [S-12]
  if (message.has_acked) outbox_.acknowledge(config_.boot, message.seq);  // [S-14]
  outbox_.set_online(true);
  enter(SessionState::Ready);
}

std::string_view Session::boot_of(const GatewayMessage& message) const {
  return message.has_boot ? std::string_view(message.boot) : std::string_view(config_.boot);
}

void Session::on_ack(const GatewayMessage& message) {
  outbox_.acknowledge(boot_of(message), message.seq);
  window_.acknowledge(boot_of(message), message.seq);
}

void Session::on_nack(const GatewayMessage& message) {
  outbox_.refuse(boot_of(message), message.seq);
  window_.refuse(boot_of(message), message.seq);
  counters_.records_refused++;
}

/** `accepted` goes out before the command runs [C-18]; where it cannot, the gateway asks again [C-14]. */
void Session::on_command(const GatewayMessage& message) {
  if (runner_.deliver(message, handler_.knows(message.name)) != CommandRunner::Delivery::Run) return;
  size_t size = 0;
  if (write_accepted(message.id, frame_area(), size) != Status::Ok || !send_frame(size)) return;
  rate_.sent();
  runner_.started(message.id);
  handler_.on_command({message.id, message.name, message.json, message.expires_in_ms});
}

void Session::on_desired(const GatewayMessage& message) {  // [M-12]
  if (message.version < desired_version_) return;
  desired_version_ = message.version;
  handler_.on_desired(message.version, message.json);
}

void Session::on_token(const GatewayMessage& message) {  // [K-7] [K-8]
  char sha256[kSha256HexBytes] = {};
  if (tokens_.store_candidate(message.id, message.token, sha256) == Status::Ok) {
    control_.token_stored(message.id, sha256);
  } else {
    counters_.tokens_not_stored++;
  }
}

/** Kept as the hint for the close that follows; nothing is sent any more [S-8]. */
void Session::on_bye(const GatewayMessage& message) {
  bye_.has = true;
  bye_.code = message.code;
  bye_.reconnect = message.reconnect;
  bye_.retry_after_ms = message.retry_after_ms;
  token_ended_ = message.code == kTokenExpired;
  enter(SessionState::Leaving);
}

}  // namespace fairlead
