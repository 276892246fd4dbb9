#pragma once
#include <esp_arduino_version.h>
#include <stdint.h>

#include "esp_err.h"
typedef enum {
  ESP_RST_UNKNOWN, ESP_RST_POWERON, ESP_RST_EXT, ESP_RST_SW, ESP_RST_PANIC, ESP_RST_INT_WDT, ESP_RST_TASK_WDT,
  ESP_RST_WDT, ESP_RST_DEEPSLEEP, ESP_RST_BROWNOUT, ESP_RST_SDIO
} esp_reset_reason_t;
extern "C" {
esp_reset_reason_t esp_reset_reason(void);
void esp_restart(void) __attribute__((noreturn));
#if ESP_ARDUINO_VERSION_MAJOR < 3
uint32_t esp_random(void);
#endif
}
