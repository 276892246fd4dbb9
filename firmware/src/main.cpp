// The reference firmware: any ESP32 board as it comes, flashed and provisioned, shows up with telemetry, a setting
// and a command. A good place to begin one of your own.
#include <FairleadClient.h>

#include <fairlead_esp32/board.hpp>

namespace board = fairlead::board;

/** Bytes that wait while flash is written: a CA is pasted in one piece. */
constexpr size_t kSerialBytes = 4096;

FairleadClient gw(board::kModel, "0.1.0");

Telemetry<float> chip_temperature(gw, "chip_temperature", every_s(30).deadband(1.0));
Telemetry<bool> button(gw, "button", on_change().stream());
Telemetry<uint16_t> sensor(gw, "sensor", every_s(10));
Setting<uint32_t> sample_ms(gw, "sample_ms", 1000, 100, 3600000);

CommandResult set_led(const Arguments& arguments) {
  if (board::kLedPin < 0) return fail("no_led", "this board has no plain LED");
  digitalWrite(static_cast<uint8_t>(board::kLedPin), arguments.flag("on") ? HIGH : LOW);
  return ok("on", arguments.flag("on"));
}
Command led(gw, "led.set", set_led, {flag("on")});

CommandResult restart(const Arguments&) {
  if (!gw.restart("command")) return fail("busy", "try again");
  return ok();
}
Command restart_command(gw, "restart", restart);

void setup() {
  Serial.setRxBufferSize(kSerialBytes);
  Serial.begin(115200);
  if (board::kLedPin >= 0) pinMode(static_cast<uint8_t>(board::kLedPin), OUTPUT);
  if (board::kButtonPin >= 0) pinMode(static_cast<uint8_t>(board::kButtonPin), INPUT_PULLUP);
  gw.begin(Serial);
}

void loop() {
  static uint32_t sampled_ms = 0;
  if (!gw.loop()) return;  // safe mode: nothing of ours runs
  if (board::kButtonPin >= 0) button = digitalRead(static_cast<uint8_t>(board::kButtonPin)) == LOW;
  const uint32_t now_ms = static_cast<uint32_t>(millis());
  if (now_ms - sampled_ms < sample_ms) return;
  sampled_ms = now_ms;
  chip_temperature = temperatureRead();
  if (board::kSensorPin >= 0) sensor = analogRead(static_cast<uint8_t>(board::kSensorPin));
}
