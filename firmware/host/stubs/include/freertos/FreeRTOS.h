#pragma once
#include <stdint.h>
typedef int BaseType_t;
typedef unsigned int UBaseType_t;
typedef uint32_t TickType_t;
typedef uint8_t StackType_t;
struct StaticTask_t {
  uint8_t bytes[352];  // ESP-IDF 4.4 on the ESP32
};
#define pdMS_TO_TICKS(ms) ((TickType_t)(ms))
