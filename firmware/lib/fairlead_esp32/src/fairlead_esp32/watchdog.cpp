#include "watchdog.hpp"

#include <esp_arduino_version.h>
#include <esp_task_wdt.h>

namespace fairlead {

void watch_this_task() {
#if ESP_ARDUINO_VERSION_MAJOR >= 3
  esp_task_wdt_config_t config = {};
  config.timeout_ms = kLoopWatchdogS * 1000;
  config.trigger_panic = true;
  if (esp_task_wdt_reconfigure(&config) == ESP_ERR_INVALID_STATE) (void)esp_task_wdt_init(&config);
#else
  (void)esp_task_wdt_init(kLoopWatchdogS, true);  // started already: takes over the new time
#endif
  (void)esp_task_wdt_add(nullptr);
}

void feed_watchdog() { (void)esp_task_wdt_reset(); }

}  // namespace fairlead
