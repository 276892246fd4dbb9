#pragma once
#include <cstdint>

#include "fairlead/ports.hpp"

namespace fairlead {

/** So many crashes in a row, and the sketch is not run any more. */
constexpr uint8_t kCrashesToSafeMode = 3;
/** A device that ran longer than this before a crash is not in a crash loop. */
constexpr uint64_t kCrashLoopMaxUptimeMs = 5 * 60 * 1000;
/** A session that has been ready for so long proves that the firmware can be reached and mended. */
constexpr uint64_t kGoodAfterReadyMs = 60 * 1000;

/**
 * Notices a crash loop: resets by a crash or the watchdog less than 5 minutes apart. Three of them are safe mode, in
 * which only the network runs. It touches its own key and nothing else: credentials are never erased.
 */
class BootGuard {
 public:
  BootGuard(KeyValueStore& store, System& system) : store_(store), system_(system) {}
  /** Once at start. True: safe mode. Writes only after a crash, and after a power-on that ends a row of crashes. */
  bool begin(uint64_t now_ms);
  /** Now and then: forgets the crashes once this boot is older than 5 minutes, or has been ready for 60 s. */
  void tick(uint64_t now_ms, bool session_ready);
  /** The firmware works: forgets the crashes. */
  void confirm_good();
  bool safe_mode() const { return safe_mode_; }
  /** Crashes in a row, this start included. */
  uint8_t crashes() const { return crashes_; }

 private:
  void store_count(uint8_t crashes);
  KeyValueStore& store_;
  System& system_;
  uint64_t started_ms_ = 0, ready_since_ms_ = 0;
  uint8_t crashes_ = 0;
  bool was_ready_ = false, safe_mode_ = false;
};

}  // namespace fairlead
