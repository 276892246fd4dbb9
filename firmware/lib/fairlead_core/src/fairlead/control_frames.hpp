#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fairlead/bytes.hpp"
#include "fairlead/gateway_message.hpp"
#include "fairlead/limits.hpp"
#include "fairlead/status.hpp"

namespace fairlead {

/** Of the 12 KiB that the gateway takes this client keeps what stays within one uplink frame. */
constexpr size_t kReportedKeptBytes = 1024;
static_assert(kReportedKeptBytes <= limits::kReportedMaxBytes, "[L-28] the gateway would drop it");
/** About ten lines that wait for a session. */
constexpr size_t kLogQueueBytes = 1024;
/** More of a text is cut, so that a line fits its queue with others. */
constexpr size_t kLogTextKeptBytes = 240;

/** What waits to be sent outside the window, commands apart: settings, a stored token, log lines. */
class ControlFrames {
 public:
  /** The latest wins. TooLarge: more than kReportedKeptBytes, Invalid: no such version can be [L-28]; both not taken. */
  Status report(uint64_t version, std::string_view state_json);
  void token_stored(std::string_view token_id, std::string_view sha256_hex);
  /** Full or a bad level: dropped and counted. */
  void log(std::string_view level, std::string_view text);

  /** Writes the frame that is due. False: none is. */
  bool peek(MutableBytes into, size_t& size);
  /** Whether peek() gives `token_stored`, which goes before everything else [K-10]. */
  bool token_is_due() const { return token_due_; }
  /** The frame of the last peek() is out. */
  void sent();
  /** What only made sense in the session that ended. */
  void forget_session();

  uint32_t logs_dropped() const { return logs_dropped_; }
  uint32_t reports_refused() const { return reports_refused_; }

 private:
  enum class Kind : uint8_t { None, Token, Reported, Log };
  void drop_first_log();
  bool peek_log(MutableBytes into, size_t& size);

  Kind peeked_ = Kind::None;
  bool reported_due_ = false;
  uint64_t reported_version_ = 0;
  size_t reported_bytes_ = 0;
  char reported_[kReportedKeptBytes] = {};
  bool token_due_ = false;
  char token_id_[limits::kNameMaxBytes + 1] = {};
  char token_sha256_[65] = {};
  /** Lines one after the other: level, length (2 bytes), text. */
  uint8_t logs_[kLogQueueBytes] = {};
  size_t logs_bytes_ = 0;
  uint32_t logs_dropped_ = 0;
  uint32_t reports_refused_ = 0;
};

/** Keeps what a device says besides records below the rate that would end its session. */
class ControlRate {
 public:
  void start(const SessionLimits& limits, uint64_t now_ms);
  /** Whether one more frame may go out now. */
  bool admits(uint64_t now_ms);
  void sent();

 private:
  uint64_t refilled_at_ms_ = 0;
  uint32_t per_s_ = 0;
  uint64_t burst_milli_ = 0;
  uint64_t left_milli_ = 0;
};

}  // namespace fairlead
