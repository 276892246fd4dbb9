#include "fairlead/attempt_budget.hpp"

#include "fairlead/retry_policy.hpp"

namespace fairlead {

uint64_t AttemptBudget::level_ms(uint64_t now_ms) const {
  const uint64_t level_ms = level_ms_ + (now_ms - at_ms_);
  return level_ms < kFullMs ? level_ms : kFullMs;
}

void AttemptBudget::note(uint64_t now_ms) {
  const uint64_t before_ms = level_ms(now_ms);
  level_ms_ = before_ms < kAttemptEveryMs ? 0 : before_ms - kAttemptEveryMs;
  at_ms_ = now_ms;
}

uint64_t AttemptBudget::bounded_delay_ms(uint64_t delay_ms, uint64_t now_ms, Entropy& entropy) const {
  const uint64_t level_now_ms = level_ms(now_ms);
  const uint64_t wait_ms = level_now_ms < kAttemptEveryMs ? kAttemptEveryMs - level_now_ms : 0;
  if (delay_ms >= wait_ms) return delay_ms;
  // The refill keeps the rhythm of the moment in which a whole fleet began to fail: spread over all of it.
  return uniform_ms(wait_ms, wait_ms + kAttemptEveryMs, entropy);
}

uint32_t AttemptBudget::left(uint64_t now_ms) const { return static_cast<uint32_t>(level_ms(now_ms) / kAttemptEveryMs); }

}  // namespace fairlead
