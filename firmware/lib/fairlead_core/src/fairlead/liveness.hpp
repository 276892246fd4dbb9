#pragma once
#include <cstdint>

#include "fairlead/gateway_message.hpp"

namespace fairlead {

/** Over the gateway's own deadline, for a slow network and a task that was busy. */
constexpr uint32_t kSilenceSlackMs = 10000;

/** Decides from silence alone whether the other side is still there [S-11]. Any frame is a sign of life. */
class Liveness {
 public:
  enum class Verdict : uint8_t { Alive, PingNow, Dead };

  void start(const SessionLimits& limits, uint64_t now_ms) {
    ping_after_ms_ = limits.ping_interval_ms;
    dead_after_ms_ = uint64_t{limits.ping_interval_ms} + limits.pong_timeout_ms + kSilenceSlackMs;
    life(now_ms);
  }
  void life(uint64_t now_ms) {
    last_life_ms_ = now_ms;
    pinged_ = false;
  }
  /** PingNow comes once for each silence. */
  Verdict check(uint64_t now_ms) {
    const uint64_t silence_ms = now_ms - last_life_ms_;
    if (silence_ms >= dead_after_ms_) return Verdict::Dead;
    if (silence_ms <= ping_after_ms_ || pinged_) return Verdict::Alive;
    pinged_ = true;
    return Verdict::PingNow;
  }

 private:
  uint64_t ping_after_ms_ = 0;
  uint64_t dead_after_ms_ = 0;
  uint64_t last_life_ms_ = 0;
  bool pinged_ = false;
};

}  // namespace fairlead
