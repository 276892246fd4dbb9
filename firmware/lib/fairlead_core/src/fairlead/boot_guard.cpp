#include "fairlead/boot_guard.hpp"

namespace fairlead {
namespace {

constexpr char kKey[] = "boot_guard";

bool is_crash(ResetReason reason) { return reason == ResetReason::Panic || reason == ResetReason::Watchdog; }

}  // namespace

bool BootGuard::begin(uint64_t now_ms) {
  started_ms_ = now_ms;
  was_ready_ = safe_mode_ = false;
  uint8_t stored = 0;
  size_t size = 0;
  // Without a readable count there is none: a store that fails must not keep the sketch from running.
  if (store_.get(kKey, {&stored, 1}, size) != Status::Ok || size != 1) stored = 0;
  crashes_ = stored;
  const ResetReason reason = system_.reset_reason();
  if (is_crash(reason)) {
    // The count was taken back if the boot before lived long enough, so these crashes lie close together.
    if (crashes_ < UINT8_MAX) ++crashes_;
    store_count(crashes_);
    safe_mode_ = crashes_ >= kCrashesToSafeMode;
  } else if (reason == ResetReason::PowerOn && crashes_ > 0) {
    confirm_good();  // a person pulled the plug: a fresh start
  }
  return safe_mode_;
}

void BootGuard::tick(uint64_t now_ms, bool session_ready) {
  if (session_ready && !was_ready_) ready_since_ms_ = now_ms;
  was_ready_ = session_ready;
  if (crashes_ == 0) return;
  const bool old_enough = now_ms - started_ms_ >= kCrashLoopMaxUptimeMs;
  const bool ready_enough = session_ready && now_ms - ready_since_ms_ >= kGoodAfterReadyMs;
  if (old_enough || ready_enough) confirm_good();
}

void BootGuard::confirm_good() {
  if (crashes_ == 0) return;
  crashes_ = 0;
  store_count(0);
}

void BootGuard::store_count(uint8_t crashes) {
  // A count that cannot be stored costs one crash more until safe mode; there is nobody to tell.
  if (store_.put(kKey, {&crashes, 1}) != Status::Ok) return;
}

}  // namespace fairlead
