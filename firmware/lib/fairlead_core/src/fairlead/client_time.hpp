#pragma once
#include <cstdint>

namespace fairlead {

/** Before 2024 nobody had this firmware: a gateway that names such a time has no clock of its own yet. */
constexpr uint64_t kEarliestWallMs = 1704067200000;

/** Unix time from `welcome.now` [S-14]. It never steps back: after a correction backwards it stands still. */
class ClientTime {
 public:
  /** False: `wall_ms` is not believable and was not taken. */
  bool set(uint64_t wall_ms, uint64_t mono_ms) {
    if (wall_ms < kEarliestWallMs) return false;
    offset_ms_ = static_cast<int64_t>(wall_ms) - static_cast<int64_t>(mono_ms);
    known_ = true;
    return true;
  }
  bool known() const { return known_; }
  /** To add to Clock::mono_ms(). */
  int64_t offset_ms() const { return offset_ms_; }
  bool get(uint64_t mono_ms, uint64_t& wall_ms) const {
    if (!known_) return false;
    const uint64_t now_ms = static_cast<uint64_t>(static_cast<int64_t>(mono_ms) + offset_ms_);
    if (now_ms > last_ms_) last_ms_ = now_ms;
    wall_ms = last_ms_;
    return true;
  }

 private:
  bool known_ = false;
  int64_t offset_ms_ = 0;
  mutable uint64_t last_ms_ = 0;
};

}  // namespace fairlead
