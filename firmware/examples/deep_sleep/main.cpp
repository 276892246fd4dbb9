// On a battery: wake, measure, say it, sleep for ten minutes. What could not be sent goes to flash and is sent later.
#include <FairleadClient.h>

constexpr uint32_t kSleepS = 600;
constexpr uint32_t kAwakeMaxMs = 20000;  // an access point that is away must not empty the battery

FairleadClient gw("example-sleeper", "1.0.0");
Telemetry<float> temperature(gw, "temperature", each_value());

static bool measured = false;

void setup() {
  Serial.begin(115200);
  gw.begin(Serial);
}

void loop() {
  if (!gw.loop()) return;
  if (!measured) {
    temperature = temperatureRead();
    measured = true;
  }
  if (gw.ready() && gw.all_sent()) gw.sleep_s(kSleepS);
  if (millis() > kAwakeMaxMs) gw.sleep_s(kSleepS, 0);
}
