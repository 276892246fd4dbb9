#if defined(ARDUINO_ARCH_ESP32)
#include "FairleadClient.h"

#include "fairlead_client/esp32_node.hpp"

namespace {

/** In static storage: the WebSocket library reads members that it never sets when it lies elsewhere. */
fairlead::Esp32Node node;

}  // namespace

bool FairleadClient::begin(Stream& console) {
  running_ = node.begin(*this, console);
  return running_;
}

bool FairleadClient::loop() {
  node.turn();
  if (running_) turn();
  return running_;
}

void FairleadClient::sleep_s(uint32_t seconds, uint32_t wait_ms) {
  const uint32_t began_ms = millis();
  while (!all_sent() && millis() - began_ms < wait_ms) {
    (void)loop();
    delay(10);
  }
  node.deep_sleep(seconds);
}

#endif
