#pragma once
#include <sdkconfig.h>

/** What differs from board to board. Each pin can be given as a build flag; -1 means: there is none. */
namespace fairlead::board {

#if !defined(FAIRLEAD_LED_PIN)
#if defined(CONFIG_IDF_TARGET_ESP32S3) || defined(CONFIG_IDF_TARGET_ESP32C3)
#define FAIRLEAD_LED_PIN (-1)  // these boards carry an addressable LED, no plain one
#else
#define FAIRLEAD_LED_PIN 2
#endif
#endif

#if !defined(FAIRLEAD_BUTTON_PIN)
#if defined(CONFIG_IDF_TARGET_ESP32C3)
#define FAIRLEAD_BUTTON_PIN 9
#else
#define FAIRLEAD_BUTTON_PIN 0
#endif
#endif

#if !defined(FAIRLEAD_SENSOR_PIN)
#define FAIRLEAD_SENSOR_PIN (-1)
#endif

constexpr int kLedPin = FAIRLEAD_LED_PIN;
constexpr int kButtonPin = FAIRLEAD_BUTTON_PIN;  ///< The button marked BOOT; pressed is low.
constexpr int kSensorPin = FAIRLEAD_SENSOR_PIN;  ///< Something analog: a soil probe, a light sensor, a potentiometer.

#if defined(CONFIG_IDF_TARGET_ESP32S3)
constexpr const char* kModel = "esp32-s3";
#elif defined(CONFIG_IDF_TARGET_ESP32C3)
constexpr const char* kModel = "esp32-c3";
#else
constexpr const char* kModel = "esp32";
#endif

}  // namespace fairlead::board
