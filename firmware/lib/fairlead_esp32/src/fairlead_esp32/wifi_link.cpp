#include "wifi_link.hpp"

#include <WiFi.h>

namespace fairlead {
namespace {

/** An association with DHCP takes 2 to 8 s; the core's own reconnect gives up after some reasons of the access point. */
constexpr uint64_t kAssociateAgainMs = 30000;

}  // namespace

void WifiLink::begin(const char* ssid, const char* password) {
  ssid_ = ssid;
  password_ = password;
  WiFi.persistent(false);  // ours are in `ident`; a copy in `nvs` would wear it and outlive a factory reset
  WiFi.mode(WIFI_STA);
  WiFi.setAutoReconnect(true);
  WiFi.setSleep(true);  // modem sleep: about a third of the current, some 100 ms of latency
  associate();
}

void WifiLink::associate() {
  if (ssid_ == nullptr || ssid_[0] == 0) return;
  const bool open_network = password_ == nullptr || password_[0] == 0;
  WiFi.begin(ssid_, open_network ? nullptr : password_);
  tried_ = false;
}

void WifiLink::tick(uint64_t now_ms) {
  if (ssid_ == nullptr || ssid_[0] == 0) return;
  if (up() || !tried_) {
    tried_ = true;
    tried_at_ms_ = now_ms;
    return;
  }
  if (now_ms - tried_at_ms_ < kAssociateAgainMs) return;
  WiFi.disconnect();
  associate();
}

bool WifiLink::up() const { return WiFi.status() == WL_CONNECTED; }

int WifiLink::rssi_dbm() const { return up() ? WiFi.RSSI() : 0; }

void WifiLink::recover(int level) {
  if (ssid_ == nullptr || ssid_[0] == 0) return;
  WiFi.disconnect(level >= 2);  // true: radio off
  if (level >= 2) WiFi.mode(WIFI_STA);
  associate();
}

}  // namespace fairlead
