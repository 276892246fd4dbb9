#pragma once
#include <cstdint>

#include "fairlead/ports.hpp"

namespace fairlead {

/** Whatever goes wrong, a fleet costs its gateway, and a device its battery, no more than this. */
constexpr uint32_t kAttemptsPerHourMax = 30;
/** So many may come as fast as the table says; the others are spread evenly over the hour. */
constexpr uint32_t kAttemptsBurst = 12;
constexpr uint64_t kAttemptEveryMs = 3600000 / (kAttemptsPerHourMax - kAttemptsBurst);

/**
 * A token bucket: no rolling hour sees more than kAttemptsBurst + what an hour refills = kAttemptsPerHourMax, and no
 * device that used up its burst is away for long. It lives in RAM: after a restart it is full.
 */
class AttemptBudget {
 public:
  /** An attempt begins. */
  void note(uint64_t now_ms);
  /** At least `delay_ms`, and as much more as the bound wants. */
  uint64_t bounded_delay_ms(uint64_t delay_ms, uint64_t now_ms, Entropy& entropy) const;
  /** Attempts that may come at once. */
  uint32_t left(uint64_t now_ms) const;

 private:
  static constexpr uint64_t kFullMs = kAttemptsBurst * kAttemptEveryMs;
  uint64_t level_ms(uint64_t now_ms) const;

  uint64_t level_ms_ = kFullMs;  ///< kAttemptEveryMs for each attempt.
  uint64_t at_ms_ = 0;
};

}  // namespace fairlead
