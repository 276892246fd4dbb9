#include "fairlead/recovery_ladder.hpp"

namespace fairlead {

namespace {

constexpr uint64_t kMinuteMs = 60000;
/** Silence with the link up before a restart; doubles with each restart in a row. */
constexpr uint64_t kSilenceFirstMs = 60 * kMinuteMs;
constexpr uint64_t kSilenceMaxMs = 360 * kMinuteMs;
/** Uptime before a restart for want of memory; doubles as well. */
constexpr uint64_t kMemoryFirstMs = 5 * kMinuteMs;
/** A link that stays away this long gets its radio switched off and on. */
constexpr uint64_t kLinkDownMs = 15 * kMinuteMs;
constexpr uint32_t kFailuresForAssociate = 5;
constexpr uint32_t kFailuresForRadio = 10;
/** More restarts in a row change nothing: the wait has reached its end. */
constexpr uint8_t kRestartsMax = 8;
constexpr char kRestartsKey[] = "rescue_restarts";

}  // namespace

void RecoveryLadder::begin(uint64_t now_ms) {
  started_ms_ = now_ms;
  last_check_ms_ = now_ms;
  uint8_t stored = 0;
  size_t size = 0;
  const Status status = store_.get(kRestartsKey, {&stored, 1}, size);
  if (status == Status::Ok && size == 1) restarts_ = stored < kRestartsMax ? stored : kRestartsMax;
}

Rescue RecoveryLadder::note_failure() {
  failures_++;
  if (failures_ == kFailuresForAssociate) return Rescue::AssociateAgain;
  if (failures_ < kFailuresForRadio) return Rescue::None;
  failures_ = 0;  // and from the start again: the radio may be stuck for a second time
  return Rescue::RadioOffOn;
}

void RecoveryLadder::note_answer() {
  failures_ = 0;
  silent_ms_ = 0;
}

void RecoveryLadder::note_stable() {
  if (restarts_ == 0) return;
  restarts_ = 0;
  (void)store_.remove(kRestartsKey);  // if it stays, the next restart only comes later
}

Rescue RecoveryLadder::check(bool link_up, bool answered_now, uint64_t now_ms) {
  const uint64_t passed_ms = now_ms - last_check_ms_;
  last_check_ms_ = now_ms;
  if (answered_now) note_answer();
  else if (link_up) silent_ms_ += passed_ms;
  link_down_ms_ = link_up ? 0 : link_down_ms_ + passed_ms;
  if (silent_ms_ >= doubled_ms(kSilenceFirstMs)) return Rescue::Restart;
  if (link_down_ms_ < kLinkDownMs) return Rescue::None;
  link_down_ms_ = 0;
  return Rescue::RadioOffOn;
}

bool RecoveryLadder::may_restart_for_memory(uint64_t now_ms) const {
  return now_ms - started_ms_ >= doubled_ms(kMemoryFirstMs);
}

void RecoveryLadder::note_restart(uint64_t now_ms) {
  if (restarts_ < kRestartsMax) restarts_++;
  (void)store_.put(kRestartsKey, {&restarts_, 1});  // if it fails, the next restart only comes earlier
  started_ms_ = now_ms;
  silent_ms_ = 0;
}

uint64_t RecoveryLadder::doubled_ms(uint64_t first_ms) const {
  const uint64_t wait_ms = first_ms << restarts_;
  return wait_ms < kSilenceMaxMs ? wait_ms : kSilenceMaxMs;
}

}  // namespace fairlead
