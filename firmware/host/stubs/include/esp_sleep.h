#pragma once
#include <stdint.h>
extern "C" void esp_deep_sleep(uint64_t time_in_us) __attribute__((noreturn));
