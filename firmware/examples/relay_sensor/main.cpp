// A greenhouse: a moisture probe, a door contact and a pump behind a relay.
#include <FairleadClient.h>

constexpr uint8_t kRelayPin = 5, kDoorPin = 4, kProbePin = 34;  // the probe needs an ADC1 pin: ADC2 belongs to WiFi

FairleadClient gw("example-greenhouse", "1.0.0");

Telemetry<uint16_t> moisture(gw, "moisture", every_s(60).deadband(50));
Telemetry<bool> door(gw, "door_open", on_change().stream());
Telemetry<bool> pump(gw, "pump", on_change());
Setting<uint32_t> pump_max_s(gw, "pump_max_s", 30, 1, 600);

static uint32_t pump_since_ms = 0;

static void switch_pump(bool on) {
  digitalWrite(kRelayPin, on ? HIGH : LOW);
  pump_since_ms = millis();
  pump = on;
}

CommandResult set_pump(const Arguments& arguments) {  // runs in loop(): it may touch pins
  const bool on = arguments.flag("on");
  if (on && door) return fail("door_open", "close the door first");
  switch_pump(on);
  return ok("on", on);
}
Command pump_command(gw, "pump.set", set_pump, {flag("on")});

void setup() {
  Serial.begin(115200);
  pinMode(kRelayPin, OUTPUT);
  digitalWrite(kRelayPin, LOW);
  pinMode(kDoorPin, INPUT_PULLUP);
  gw.begin(Serial);
}

void loop() {
  if (!gw.loop()) return;
  door = digitalRead(kDoorPin) == HIGH;
  moisture = analogRead(kProbePin);
  // The device itself ends what must not go on, whether the network is there or not.
  if (pump && millis() - pump_since_ms > pump_max_s * 1000UL) {
    switch_pump(false);
    gw.event("pump-timeout");
  }
}
