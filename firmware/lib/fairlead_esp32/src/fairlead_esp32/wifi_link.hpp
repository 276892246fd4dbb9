#pragma once
#include <cstdint>

namespace fairlead {

/** The station side of WiFi. Keeps trying for ever; the steps for a stuck radio are asked for by the core. */
class WifiLink {
 public:
  /** Starts to associate and returns at once. Both texts stay valid. An empty password means an open network. */
  void begin(const char* ssid, const char* password);
  /** Associates again when nothing came of the last try for a while. Call from the network's task. */
  void tick(uint64_t now_ms);
  bool up() const;
  int rssi_dbm() const;
  /** 1 = associate again, 2 = radio off and on. */
  void recover(int level);

 private:
  void associate();
  const char* ssid_ = nullptr;
  const char* password_ = nullptr;
  uint64_t tried_at_ms_ = 0;
  bool tried_ = false;
};

}  // namespace fairlead
