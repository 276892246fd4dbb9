#include "fairlead/device_frames.hpp"
#include "fairlead/outbox.hpp"
#include "fairlead/session.hpp"

namespace fairlead {

namespace {

/** Each send may wait for the network; more goes out at the next tick. */
constexpr int kFramesPerTick = 16;
/**
 * After a session that ended with 4001 the next one may only rotate, and then everything but `token_stored` ends it
 * again [K-10]. `token` comes right behind `welcome`; so late it does not come at all.
 */
constexpr uint64_t kTokenWaitMs = 5000;

}  // namespace

bool Session::may_send() const {
  return open_ && (state_ == SessionState::Hello || state_ == SessionState::Ready);
}

MutableBytes Session::frame_area() const {
  return {tx_buffer_.data + kFrameHeadroom, tx_buffer_.size - kFrameHeadroom};
}

/** Half a frame may be on the wire after a failure, so nothing may follow it. */
bool Session::send_frame(size_t size, bool is_text) {
  if (ports_.transport.send({frame_area().data, size}, is_text)) return true;
  enter(SessionState::Leaving);
  return false;
}

void Session::send_hello() {  // [S-1] [S-13]
  hello_due_ = false;
  HelloFields hello;
  hello.boot = config_.boot;
  hello.firmware = config_.firmware;
  hello.model = config_.model;
  hello.capabilities = config_.capabilities;
  hello.capability_count = config_.capability_count;
  hello.next_wake_s = config_.next_wake_s;
  size_t size = 0;
  if (write_hello(hello, frame_area(), size) == Status::Ok) (void)send_frame(size);
  else close_transport(OpenFail::Protocol);  // cannot be said at all: what the sketch declares breaks a limit
}

/** Outside the window, and below the rate that would end the session. */
void Session::send_control(uint64_t now_ms) {
  for (int i = 0; i < kFramesPerTick && may_send() && rate_.admits(now_ms); i++) {
    size_t size = 0;
    const bool is_token = control_.token_is_due();
    if (holds_for_token(now_ms) && !is_token) return;
    const bool is_command = !is_token && runner_.peek(now_ms, frame_area(), size);
    if (!is_command && !control_.peek(frame_area(), size)) return;
    if (!send_frame(size)) return;
    rate_.sent();
    if (is_token) token_ended_ = false;
    if (is_command) runner_.sent(now_ms);
    else control_.sent();
  }
}

bool Session::holds_for_token(uint64_t now_ms) {
  token_ended_ = token_ended_ && now_ms - ready_at_ms_ < kTokenWaitMs;
  return token_ended_;
}

void Session::send_records() {
  for (int i = 0; i < kFramesPerTick && may_send(); i++) {
    OutboxRecord record;
    if (!outbox_.peek_unsent(record, rx_scratch_) || !send_record(record)) return;
  }
}

Status Session::write_record(const OutboxRecord& record, size_t& size) {
  if (record.is_channel) return write_channel(record.seq, record.name, bytes_of(record.json), frame_area(), size);
  const std::string_view boot = record.has_boot ? std::string_view(record.boot) : std::string_view();
  if (record.is_event) {
    return write_event(record.seq, boot, record.name, record.time, record.json, frame_area(), size);
  }
  TelemetryWriter writer(frame_area());
  writer.begin(record.seq, boot);
  return writer.add_point(record.time, record.json) ? writer.finish(size) : Status::TooLarge;
}

/** False: not now. */
bool Session::send_record(const OutboxRecord& record) {
  size_t size = 0;
  const Status written = write_record(record, size);
  const std::string_view born(record.has_boot ? record.boot : config_.boot);
  const size_t limit_bytes = record.is_channel ? frame_limit_bytes_ : payload_limit_bytes_;
  if (written != Status::Ok || size > limit_bytes) {  // kept from a time with other limits [L-1]
    outbox_.refuse(born, record.seq);
    counters_.records_refused++;
    return true;
  }
  if (!window_.admits(size)) return false;
  if (!send_frame(size, !record.is_channel)) return false;
  window_.sent(born, record.seq, size);
  outbox_.mark_sent(record);
  counters_.records_sent++;
  return true;
}

void Session::say_bye() {  // [S-6]
  bye_due_ = false;
  size_t size = 0;
  if (write_bye(sleep_s_, frame_area(), size) == Status::Ok) (void)send_frame(size);
  close_transport(OpenFail::None);
}

void Session::progress(const char* id, int percent, std::string_view text) { runner_.progress(id, percent, text); }

void Session::finish_ok(const char* id, std::string_view data_json) { runner_.finish_ok(id, data_json, frame_area()); }

void Session::finish_error(const char* id, std::string_view code, std::string_view message) {
  runner_.finish_error(id, code, message, frame_area());
}

void Session::report_settings(uint64_t version, std::string_view state_json) {
  (void)control_.report(version, state_json);  // counted there
}

void Session::log(std::string_view level, std::string_view text) { control_.log(level, text); }

}  // namespace fairlead
