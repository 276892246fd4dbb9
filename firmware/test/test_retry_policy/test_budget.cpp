#include <doctest/doctest.h>

#include <deque>

#include "fairlead/retry_policy.hpp"
#include "fakes/fake_entropy.hpp"

using namespace fairlead;
using fairlead::fakes::FakeEntropy;

namespace {

/** Any ending at all, the cruel ones more often than they come. */
Ending random_ending(FakeEntropy& entropy) {
  const uint16_t codes[] = {1000, 1001, 1002, 1006, 1009, 1011, 1012, 1013, 4001, 4009, 4021, 4500, 4999, 0};
  const uint16_t statuses[] = {0, 200, 301, 400, 401, 403, 404, 426, 429, 500, 502, 503, 504};
  Ending ending;
  ending.closed.fail = static_cast<OpenFail>(entropy.below(9));
  if (ending.closed.fail == OpenFail::Http) ending.closed.http_status = statuses[entropy.below(13)];
  ending.was_opened = entropy.chance(60);
  ending.was_ready = ending.was_opened && entropy.chance(80);
  ending.ready_ms = ending.was_ready ? entropy.below(entropy.chance(50) ? 100 : 120000) : 0;
  ending.closed.close_code = ending.was_opened ? codes[entropy.below(14)] : uint16_t{0};
  ending.bye.has = ending.was_opened && entropy.chance(40);
  ending.bye.code = codes[entropy.below(13)];
  ending.bye.reconnect = !entropy.chance(10);
  ending.bye.retry_after_ms = entropy.chance(50) ? 0 : entropy.below(3000);
  return ending;
}

/** One device's attempts over `hours`; the greatest number within any rolling hour. */
size_t worst_hour(RetryPolicy& policy, FakeEntropy& entropy, uint64_t hours, const Ending* always, uint64_t& longest) {
  std::deque<uint64_t> attempts;
  size_t worst = 0;
  uint64_t now_ms = entropy.u32();
  const uint64_t end_ms = now_ms + hours * 3600000;
  while (now_ms < end_ms) {
    policy.note_attempt(now_ms);
    attempts.push_back(now_ms);
    while (now_ms - attempts.front() >= 3600000) attempts.pop_front();
    worst = std::max(worst, attempts.size());
    const Ending ending = always != nullptr ? *always : random_ending(entropy);
    now_ms += ending.ready_ms + entropy.below(3);
    const RetryPlan plan = policy.next(ending, true, now_ms);
    longest = std::max(longest, plan.delay_ms);
    now_ms += plan.delay_ms;
  }
  return worst;
}

}  // namespace

TEST_CASE("never more than 30 attempts in a rolling hour, whatever happens: 10,000 random histories") {
  size_t worst = 0;
  uint64_t longest_ms = 0;
  for (uint64_t seed = 1; seed <= 10000; seed++) {
    FakeEntropy entropy(seed);
    RetryPolicy policy(entropy);
    worst = std::max(worst, worst_hour(policy, entropy, 6, nullptr, longest_ms));
  }
  MESSAGE("worst hour: ", worst, " attempts; longest wait ", longest_ms / 60000, " min");
  CHECK(worst <= kAttemptsPerHourMax);
  CHECK(longest_ms <= 36 * 3600000ULL);
}

TEST_CASE("never more than 30 attempts in a rolling hour when every attempt ends in the same cruel way") {
  Ending restart;  // a gateway that restarts in a loop, and says come back in a second
  restart.was_opened = restart.was_ready = restart.bye.has = true;
  restart.bye.code = 1012;
  restart.bye.retry_after_ms = 1000;
  Ending dropped;  // just stable, then lost
  dropped.was_opened = dropped.was_ready = true;
  dropped.ready_ms = kStableMs;
  Ending tcp;
  tcp.closed.fail = OpenFail::Tcp;
  for (const Ending& ending : {restart, dropped, tcp}) {
    FakeEntropy entropy(11);
    RetryPolicy policy(entropy);
    uint64_t longest_ms = 0;
    CHECK(worst_hour(policy, entropy, 48, &ending, longest_ms) <= kAttemptsPerHourMax);
    CHECK(longest_ms <= 7 * 60000);  // spread over the hour: nobody is away for most of it
  }
}

TEST_CASE("the first attempts of an hour come as the table says, the others one in 200 s") {
  FakeEntropy entropy;
  AttemptBudget budget;
  uint64_t now_ms = 1000;
  for (uint32_t i = 0; i < kAttemptsBurst; i++) {
    CHECK(budget.bounded_delay_ms(0, now_ms, entropy) == 0);
    budget.note(now_ms);
  }
  CHECK(budget.left(now_ms) == 0);
  const uint64_t wait_ms = budget.bounded_delay_ms(0, now_ms, entropy);
  CHECK(wait_ms >= 200000);
  CHECK(wait_ms <= 400000);
  CHECK(budget.bounded_delay_ms(900000, now_ms, entropy) == 900000);
  CHECK(budget.left(now_ms + 200000) == 1);
  CHECK(budget.left(now_ms + 3600000) == kAttemptsBurst);
}

TEST_CASE("a draw has both ends of its range") {
  FakeEntropy entropy;
  bool low = false, high = false;
  for (int i = 0; i < 1000; i++) {
    const uint64_t value = uniform_ms(5, 8, entropy);
    CHECK((value >= 5 && value <= 8));
    low = low || value == 5;
    high = high || value == 8;
  }
  CHECK(low);
  CHECK(high);
  CHECK(uniform_ms(9, 9, entropy) == 9);
}
