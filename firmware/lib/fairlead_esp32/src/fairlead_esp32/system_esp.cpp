#include "system_esp.hpp"

#include <esp_heap_caps.h>
#include <esp_log.h>
#include <esp_system.h>

namespace fairlead {

ResetReason SystemEsp::reset_reason() {
  switch (esp_reset_reason()) {
    case ESP_RST_POWERON: return ResetReason::PowerOn;
    case ESP_RST_SW: return ResetReason::Software;
    case ESP_RST_PANIC: return ResetReason::Panic;
    case ESP_RST_INT_WDT:
    case ESP_RST_TASK_WDT:
    case ESP_RST_WDT: return ResetReason::Watchdog;
    case ESP_RST_BROWNOUT: return ResetReason::Brownout;
    case ESP_RST_DEEPSLEEP: return ResetReason::DeepSleep;
    default: return ResetReason::Other;
  }
}

void SystemEsp::restart(const char* why) {
  ESP_LOGW("fairlead", "restart: %s", why);
  trial_.before_restart();
  esp_restart();
}

uint32_t SystemEsp::free_heap() { return static_cast<uint32_t>(heap_caps_get_free_size(MALLOC_CAP_8BIT)); }

uint32_t SystemEsp::largest_free_block() {
  return static_cast<uint32_t>(heap_caps_get_largest_free_block(MALLOC_CAP_8BIT));
}

}  // namespace fairlead
