#pragma once
#include <cstdint>

namespace fairlead {

/** Widens a 32-bit millisecond counter that wraps after 49.7 days. Must be asked at least once per wrap. */
class WideMillis {
 public:
  uint64_t widen(uint32_t millis_now) {
    total_ms_ += static_cast<uint32_t>(millis_now - last_);
    last_ = millis_now;
    return total_ms_;
  }

 private:
  uint64_t total_ms_ = 0;
  uint32_t last_ = 0;
};

}  // namespace fairlead
