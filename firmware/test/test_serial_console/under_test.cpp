// The parts of fairlead_esp32 that decide something and need no hardware. PlatformIO builds that library for the ESP32
// alone, so its sources come in here; CMake compiles this file as well.
#include "fairlead_esp32/console.cpp"
#include "fairlead_esp32/trial_rule.cpp"
