// The smallest sketch: one value, every ten seconds.
#include <FairleadClient.h>

FairleadClient gw("example-minimal", "1.0.0");
Telemetry<float> temperature(gw, "temperature", every_s(10));

void setup() {
  Serial.begin(115200);
  gw.begin(Serial);
}

void loop() {
  if (!gw.loop()) return;
  temperature = temperatureRead();
}
