#pragma once
#include "WiFi.h"

/** What the adapter touches of the TLS client; the scripted library fills it. */
class WiFiClientSecure : public WiFiClient {
 public:
  int available() override { return waiting; }
  int lastError(char* text, const size_t size) {
    if (size != 0) text[0] = 0;
    return last_error;
  }
  int waiting = 0;
  int last_error = 0;
};
