#pragma once
#include "Arduino.h"
typedef enum { WL_IDLE_STATUS = 0, WL_CONNECTED = 3, WL_CONNECT_FAILED = 4, WL_DISCONNECTED = 6 } wl_status_t;
typedef enum { WIFI_MODE_NULL = 0, WIFI_MODE_STA } wifi_mode_t;
#define WIFI_OFF WIFI_MODE_NULL
#define WIFI_STA WIFI_MODE_STA

class WiFiClass {
 public:
  void persistent(bool persistent);
  bool mode(wifi_mode_t mode);
  bool setAutoReconnect(bool reconnect);
  bool setSleep(bool enabled);
  wl_status_t begin(const char* ssid, const char* passphrase = nullptr);
  bool disconnect(bool wifi_off = false, bool erase_ap = false);
  wl_status_t status();
  int8_t RSSI();
};
extern WiFiClass WiFi;

class WiFiClient {
 public:
  virtual ~WiFiClient() = default;
  virtual int available() = 0;
};
