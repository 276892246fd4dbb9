#pragma once
// The version is given on the command line, so that both branches of each guard are compiled.
#define ESP_ARDUINO_VERSION_VAL(major, minor, patch) ((major << 16) | (minor << 8) | (patch))
#ifndef FAIRLEAD_STUB_CORE_MAJOR
#define FAIRLEAD_STUB_CORE_MAJOR 2
#endif
#if FAIRLEAD_STUB_CORE_MAJOR >= 3
#define ESP_ARDUINO_VERSION_MAJOR 3
#define ESP_ARDUINO_VERSION ESP_ARDUINO_VERSION_VAL(3, 0, 7)
#else
#define ESP_ARDUINO_VERSION_MAJOR 2
#define ESP_ARDUINO_VERSION ESP_ARDUINO_VERSION_VAL(2, 0, 17)
#endif
