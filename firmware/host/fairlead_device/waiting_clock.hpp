#pragma once
#include "fairlead/ports.hpp"

namespace fairlead::posix {

/**
 * A clock for tests: while the device waits to come back, time passes faster, so that minutes of back-off become
 * seconds. While it is connected time is true, since the gateway's heartbeat is. A record that is born during a wait
 * looks older than it is.
 */
class WaitingClock final : public Clock {
 public:
  /** `time_scale` of 0.05: a wait of 20 s takes 1 s. */
  WaitingClock(Clock& real, double time_scale) : real_(real), factor_(1 / time_scale) {}
  uint64_t mono_ms() override {
    const uint64_t real_ms = real_.mono_ms();
    const double passed_ms = static_cast<double>(real_ms - last_real_ms_);
    last_real_ms_ = real_ms;
    now_ms_ += waits_ ? passed_ms * factor_ : passed_ms;
    return static_cast<uint64_t>(now_ms_);
  }
  void set_waiting(bool waits) {
    mono_ms();
    waits_ = waits;
  }

 private:
  Clock& real_;
  const double factor_;
  double now_ms_ = 0;
  uint64_t last_real_ms_ = 0;
  bool waits_ = false;
};

}  // namespace fairlead::posix
