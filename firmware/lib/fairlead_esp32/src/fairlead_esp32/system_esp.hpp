#pragma once
#include "fairlead/ports.hpp"
#include "ota_trial.hpp"
#include "wifi_link.hpp"

namespace fairlead {

class SystemEsp final : public System {
 public:
  SystemEsp(WifiLink& wifi, OtaTrial& trial) : wifi_(wifi), trial_(trial) {}
  ResetReason reset_reason() override;
  void restart(const char* why) override;
  uint32_t free_heap() override;
  uint32_t largest_free_block() override;
  int rssi_dbm() override { return wifi_.rssi_dbm(); }
  bool link_up() override { return wifi_.up(); }
  void recover_link(int level) override { wifi_.recover(level); }

 private:
  WifiLink& wifi_;
  OtaTrial& trial_;
};

}  // namespace fairlead
