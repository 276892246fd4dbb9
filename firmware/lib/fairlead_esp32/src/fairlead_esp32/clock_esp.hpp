#pragma once
#include <esp_timer.h>

#include "fairlead/ports.hpp"

namespace fairlead {

/** esp_timer counts microseconds in 64 bit; millis() wraps after 49.7 days. */
class ClockEsp final : public Clock {
 public:
  uint64_t mono_ms() override { return static_cast<uint64_t>(esp_timer_get_time()) / 1000; }
};

}  // namespace fairlead
