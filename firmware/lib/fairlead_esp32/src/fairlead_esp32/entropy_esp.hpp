#pragma once
#include <esp_arduino_version.h>
#if ESP_ARDUINO_VERSION_MAJOR >= 3
#include <esp_random.h>
#else
#include <esp_system.h>
#endif

#include "fairlead/ports.hpp"

namespace fairlead {

/** The hardware's generator: truly random while the radio is on, which it is before the first draw that matters. */
class EntropyEsp final : public Entropy {
 public:
  uint32_t u32() override { return esp_random(); }
};

}  // namespace fairlead
