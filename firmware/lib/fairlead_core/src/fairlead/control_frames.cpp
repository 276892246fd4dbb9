#include "fairlead/control_frames.hpp"

#include <cstring>

#include "fairlead/device_frames.hpp"
#include "fairlead/text_copy.hpp"
#include "fairlead/utf8.hpp"

namespace fairlead {

namespace {

constexpr std::string_view kLevels[] = {"debug", "info", "warn", "error"};  ///< [M-9]
constexpr size_t kLevelCount = sizeof kLevels / sizeof kLevels[0];
constexpr size_t kLineHeadBytes = 2;
static_assert(kLogTextKeptBytes <= UINT8_MAX, "the length of a line is one byte");

}  // namespace

Status ControlFrames::report(uint64_t version, std::string_view state_json) {  // [M-12]
  const bool too_large = state_json.size() > kReportedKeptBytes;
  if (too_large || version > limits::kReportedVersionMax) {  // [L-28]
    reports_refused_++;
    return too_large ? Status::TooLarge : Status::Invalid;
  }
  if (!state_json.empty()) std::memcpy(reported_, state_json.data(), state_json.size());
  reported_bytes_ = state_json.size();
  reported_version_ = version;
  reported_due_ = true;
  return Status::Ok;
}

void ControlFrames::token_stored(std::string_view token_id, std::string_view sha256_hex) {  // [K-8]
  copy_text(token_id_, token_id);
  copy_text(token_sha256_, sha256_hex);
  token_due_ = true;
}

void ControlFrames::log(std::string_view level, std::string_view text) {  // [M-11]
  uint8_t index = 0;
  while (index < kLevelCount && kLevels[index] != level) index++;
  const std::string_view kept = utf8_cut(text, kLogTextKeptBytes);
  if (index == kLevelCount || logs_bytes_ + kLineHeadBytes + kept.size() > kLogQueueBytes) {
    logs_dropped_++;
    return;
  }
  logs_[logs_bytes_] = index;
  logs_[logs_bytes_ + 1] = static_cast<uint8_t>(kept.size());
  if (!kept.empty()) std::memcpy(logs_ + logs_bytes_ + kLineHeadBytes, kept.data(), kept.size());
  logs_bytes_ += kLineHeadBytes + kept.size();
}

void ControlFrames::drop_first_log() {
  const size_t line_bytes = kLineHeadBytes + logs_[1];
  logs_bytes_ -= line_bytes;
  std::memmove(logs_, logs_ + line_bytes, logs_bytes_);
}

bool ControlFrames::peek_log(MutableBytes into, size_t& size) {
  while (logs_bytes_ > 0) {
    const std::string_view text(reinterpret_cast<const char*>(logs_ + kLineHeadBytes), logs_[1]);
    if (write_log(kLevels[logs_[0]], text, into, size) == Status::Ok) return true;
    drop_first_log();
    logs_dropped_++;
  }
  return false;
}

bool ControlFrames::peek(MutableBytes into, size_t& size) {
  peeked_ = Kind::Token;
  if (token_due_ && write_token_stored(token_id_, token_sha256_, into, size) == Status::Ok) return true;
  token_due_ = false;
  peeked_ = Kind::Reported;
  if (reported_due_) {
    if (write_reported(reported_version_, {reported_, reported_bytes_}, into, size) == Status::Ok) return true;
    reported_due_ = false;  // not JSON, or larger than the frame: it would be so again
    reports_refused_++;
  }
  peeked_ = Kind::Log;
  if (peek_log(into, size)) return true;
  peeked_ = Kind::None;
  return false;
}

void ControlFrames::sent() {
  if (peeked_ == Kind::Token) token_due_ = false;
  if (peeked_ == Kind::Reported) reported_due_ = false;
  if (peeked_ == Kind::Log) drop_first_log();
  peeked_ = Kind::None;
}

void ControlFrames::forget_session() {
  token_due_ = false;  // the next session shows the new token by itself
  peeked_ = Kind::None;
}

void ControlRate::start(const SessionLimits& limits, uint64_t now_ms) {
  per_s_ = limits.messages_per_s > 1 ? limits.messages_per_s - limits.messages_per_s / 5 : 1;  // four fifths
  burst_milli_ = uint64_t{limits.burst > 1 ? limits.burst - limits.burst / 5 : 1} * 1000;
  left_milli_ = burst_milli_;
  refilled_at_ms_ = now_ms;
}

bool ControlRate::admits(uint64_t now_ms) {
  const uint64_t refilled = left_milli_ + (now_ms - refilled_at_ms_) * per_s_;
  left_milli_ = refilled < burst_milli_ ? refilled : burst_milli_;
  refilled_at_ms_ = now_ms;
  return left_milli_ >= 1000;
}

void ControlRate::sent() { left_milli_ -= left_milli_ < 1000 ? left_milli_ : 1000; }

}  // namespace fairlead
