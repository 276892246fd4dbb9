#pragma once
#include <cstddef>
#include <cstdint>

namespace fairlead {

/**
 * How fast the log may be written. NOR flash bears 100,000 erasures of a sector; once around the log in an hour on
 * average makes 87,600 of them in ten years. A burst may fill it once; at start a quarter is there, so that a device
 * that restarts in a loop wears little more. The last eighth is for events.
 */
constexpr uint64_t kOnceAroundMs = 3600 * 1000;

class FlashWear {
 public:
  void begin(size_t log_bytes, uint64_t now_ms) {
    *this = FlashWear();
    log_bytes_ = log_bytes;
    at_ms_ = now_ms;
    left_ = full() / 4;
  }
  /** Whether a record may be written now. Once it may not, it may again when a sixteenth has come back. */
  bool admits(bool is_event, uint64_t now_ms) {
    const uint64_t refilled = left_ + (now_ms - at_ms_) * log_bytes_;
    left_ = refilled < full() ? refilled : full();
    at_ms_ = now_ms;
    bool& paused = paused_[is_event ? 1 : 0];
    const uint64_t kept = is_event ? 0 : full() / 8;
    const bool was_paused = paused;
    paused = left_ <= kept + (was_paused ? full() / 16 : 0);
    if (paused && !was_paused) pauses_++;
    return !paused;
  }
  void spend(size_t bytes) {
    const uint64_t cost = bytes * kOnceAroundMs;
    left_ -= cost < left_ ? cost : left_;
  }
  /** How often it had to wait. */
  uint32_t pauses() const { return pauses_; }

 private:
  /** In bytes times kOnceAroundMs, so that nothing is lost to rounding; a log of 1 MiB makes 2^42. */
  uint64_t full() const { return log_bytes_ * kOnceAroundMs; }

  uint64_t log_bytes_ = 0, left_ = 0, at_ms_ = 0;
  uint32_t pauses_ = 0;
  bool paused_[2] = {};  ///< Streams and latest values; events.
};

}  // namespace fairlead
