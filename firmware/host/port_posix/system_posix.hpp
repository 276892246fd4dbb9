#pragma once
#include <string>

#include "fairlead/ports.hpp"

namespace fairlead::posix {

/** A restart ends the process with this code, so that whoever runs it can tell it from a crash and start it again. */
constexpr int kRestartExitCode = 42;

/**
 * The device around the core. A start after `restart` is a software reset, every other one is a power-on: a process
 * that was killed was unplugged. The link is up unless somebody says otherwise.
 */
class SystemPosix final : public System {
 public:
  /** `folder` exists; a note about the last end is kept there. */
  explicit SystemPosix(std::string folder);
  ResetReason reset_reason() override { return reason_; }
  [[noreturn]] void restart(const char* why) override;
  uint32_t free_heap() override;
  /** Linux does not fragment as a small heap does: the same number. */
  uint32_t largest_free_block() override { return free_heap(); }
  int rssi_dbm() override { return 0; }
  bool link_up() override { return link_up_; }
  /** Nothing to do for a host; counted, so that a test can see the ladder. */
  void recover_link(int level) override;
  void set_link_up(bool up) { link_up_ = up; }
  uint32_t recoveries() const { return recoveries_; }

 private:
  const std::string note_path_;
  ResetReason reason_ = ResetReason::PowerOn;
  bool link_up_ = true;
  uint32_t recoveries_ = 0;
};

}  // namespace fairlead::posix
