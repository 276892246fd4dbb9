#pragma once
#include <cstdint>
#include <string>

#include "fairlead/ports.hpp"

namespace fairlead::fakes {

/** A chip that does what the test says, and remembers what it was asked to do. */
class FakeSystem : public System {
 public:
  ResetReason reset_reason() override { return reason; }
  void restart(const char* why) override {
    ++restarts;
    restart_why = why;
  }
  uint32_t free_heap() override { return heap_bytes; }
  uint32_t largest_free_block() override { return largest_block_bytes; }
  int rssi_dbm() override { return rssi; }
  bool link_up() override { return link; }
  void recover_link(int level) override {
    ++recoveries;
    last_recovery_level = level;
  }

  ResetReason reason = ResetReason::PowerOn;
  uint32_t heap_bytes = 150'000, largest_block_bytes = 100'000;
  int rssi = -60;
  bool link = true;
  int restarts = 0, recoveries = 0, last_recovery_level = 0;
  std::string restart_why;
};

}  // namespace fairlead::fakes
