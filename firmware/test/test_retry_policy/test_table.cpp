#include <doctest/doctest.h>

#include <algorithm>

#include "fairlead/retry_policy.hpp"
#include "fakes/fake_entropy.hpp"

using namespace fairlead;
using fairlead::fakes::FakeEntropy;

namespace {

constexpr uint64_t kSecond = 1000, kMinute = 60 * kSecond, kHour = 60 * kMinute;

struct Range {
  uint64_t low = UINT64_MAX, high = 0;
};

/** The ends of what is drawn in many runs, each from the same history. */
Range drawn(const Ending& ending, const RetryHistory& before = {}, bool has_other_token = false) {
  FakeEntropy entropy(7);
  Range range;
  for (int i = 0; i < 4000; i++) {
    RetryHistory history = before;
    const uint64_t delay_ms = RetryPolicy::decide(ending, has_other_token, history, entropy).delay_ms;
    range.low = std::min(range.low, delay_ms);
    range.high = std::max(range.high, delay_ms);
  }
  return range;
}

/** Never outside, and near both ends: so it is the whole range. */
void check_range(const Range& range, uint64_t from_ms, uint64_t to_ms) {
  const uint64_t near_ms = (to_ms - from_ms) / 100 + 1;
  CHECK(range.low >= from_ms);
  CHECK(range.high <= to_ms);
  CHECK(range.low <= from_ms + near_ms);
  CHECK(range.high >= to_ms - near_ms);
}

Ending refused(uint16_t status) {
  Ending ending;
  ending.closed.fail = OpenFail::Http;
  ending.closed.http_status = status;
  return ending;
}
Ending failed(OpenFail fail) {
  Ending ending;
  ending.closed.fail = fail;
  return ending;
}
Ending dropped(uint64_t ready_ms) {
  Ending ending;
  ending.was_opened = ending.was_ready = true;
  ending.ready_ms = ready_ms;
  return ending;
}
Ending with_bye(uint16_t code, uint64_t hint_ms, bool reconnect = true) {
  Ending ending;
  ending.was_opened = true;
  ending.bye.has = true;
  ending.bye.code = code;
  ending.bye.reconnect = reconnect;
  ending.bye.retry_after_ms = hint_ms;
  return ending;
}
RetryHistory after_failures(uint8_t failures) {
  RetryHistory history;
  history.failures = failures;
  return history;
}

}  // namespace

TEST_CASE("[X-6] the back-off is full jitter from 1 s, doubling to 5 minutes") {
  for (const OpenFail fail : {OpenFail::Dns, OpenFail::Tcp, OpenFail::Tls, OpenFail::Timeout, OpenFail::None}) {
    check_range(drawn(failed(fail)), 0, kSecond);
  }
  const Ending ending = failed(OpenFail::Tcp);
  check_range(drawn(ending, after_failures(1)), 0, 2 * kSecond);
  check_range(drawn(ending, after_failures(5)), 0, 32 * kSecond);
  check_range(drawn(ending, after_failures(8)), 0, 256 * kSecond);
  check_range(drawn(ending, after_failures(9)), 0, 300 * kSecond);
  check_range(drawn(ending, after_failures(255)), 0, 300 * kSecond);
}

TEST_CASE("[X-6] a session of a minute or more that was lost without a word comes back within 0.5 to 10 s") {
  check_range(drawn(dropped(kStableMs), after_failures(9)), 500, 10 * kSecond);
}

TEST_CASE("[X-6] the back-off starts anew only after a session of a minute") {
  check_range(drawn(dropped(kStableMs - 1), after_failures(9)), 0, 300 * kSecond);
  FakeEntropy entropy;
  RetryHistory history = after_failures(9);
  (void)RetryPolicy::decide(with_bye(1011, 0), false, history, entropy);
  CHECK(history.failures == 10);
  Ending stable = dropped(kStableMs);
  (void)RetryPolicy::decide(stable, false, history, entropy);
  CHECK(history.failures < 9);
}

TEST_CASE("after a wait that a whole fleet drew at one moment the back-off goes on wider than that wait") {
  FakeEntropy entropy;
  RetryHistory history;
  (void)RetryPolicy::decide(dropped(kStableMs), false, history, entropy);
  check_range(drawn(failed(OpenFail::Tcp), history), 0, 16 * kSecond);
  history = {};
  (void)RetryPolicy::decide(with_bye(1012, 1000), false, history, entropy);
  check_range(drawn(failed(OpenFail::Tcp), history), 0, 8 * kSecond);
}

TEST_CASE("[X-6] the first connection after a start waits 0 to 5 s, and 0 to 30 s when the site had no power") {
  for (const ResetReason reason : {ResetReason::PowerOn, ResetReason::Brownout, ResetReason::Software,
                                   ResetReason::Panic, ResetReason::DeepSleep, ResetReason::Other}) {
    const bool power = reason == ResetReason::PowerOn || reason == ResetReason::Brownout;
    FakeEntropy entropy(3);
    RetryPolicy policy(entropy);
    Range range;
    for (int i = 0; i < 4000; i++) {
      const uint64_t delay_ms = policy.first_delay_ms(reason);
      range.low = std::min(range.low, delay_ms);
      range.high = std::max(range.high, delay_ms);
    }
    check_range(range, 0, power ? 30 * kSecond : 5 * kSecond);
  }
}

TEST_CASE("[H-13] a 503 doubles with each one in a row") {
  RetryHistory history;
  FakeEntropy entropy;
  const uint64_t to_s[] = {30, 60, 120, 240, 300, 300};
  for (const uint64_t end_s : to_s) {
    check_range(drawn(refused(503), history), end_s * kSecond / 6, end_s * kSecond);
    (void)RetryPolicy::decide(refused(503), false, history, entropy);
  }
  (void)RetryPolicy::decide(refused(429), false, history, entropy);
  check_range(drawn(refused(502), history), 5 * kSecond, 30 * kSecond);
  check_range(drawn(refused(504), history), 5 * kSecond, 30 * kSecond);
}

TEST_CASE("[H-13] a 401 tries the other slot once, within a second, then waits for a person") {
  FakeEntropy entropy;
  RetryHistory history;
  check_range(drawn(refused(401), history, true), 0, kSecond);
  CHECK(RetryPolicy::decide(refused(401), true, history, entropy).action == RetryAction::UseOtherToken);
  check_range(drawn(refused(401), history, true), 5 * kMinute, 15 * kMinute);
  CHECK(RetryPolicy::decide(refused(401), true, history, entropy).action == RetryAction::Wait);
  CHECK(RetryPolicy::decide(refused(401), true, history, entropy).action == RetryAction::UseOtherToken);
}

TEST_CASE("[H-13] a 401 without another token waits for a person at once") {
  check_range(drawn(refused(401)), 5 * kMinute, 15 * kMinute);
}

TEST_CASE("[H-12] where Retry-After can be seen, it is the least wait, and at most an hour") {
  Ending busy = refused(503);
  busy.closed.retry_after_ms = 7 * kSecond;
  check_range(drawn(busy), 7 * kSecond, 10 * kSecond + 500);
  Ending many = refused(429);
  many.closed.retry_after_ms = 20 * kHour;
  check_range(drawn(many), kHour, kHour + kHour / 2);
}

TEST_CASE("[X-5] a hint is a wait between it and half as much again, within 1 s and 24 h") {
  check_range(drawn(with_bye(4021, 15 * kSecond)), 15 * kSecond, 22500);
  check_range(drawn(with_bye(1012, 1)), kSecond, 1500);
  check_range(drawn(with_bye(1013, UINT64_MAX)), 24 * kHour, 36 * kHour);
  check_range(drawn(with_bye(4002, 0)), kMinute, 90 * kSecond);
}

TEST_CASE("[X-2] codes of 4500 and more, and a bye that wants nobody back, wait 5 to 15 minutes") {
  for (const uint16_t code : {4500, 4506, 4999}) check_range(drawn(with_bye(code, 1)), 5 * kMinute, 15 * kMinute);
  check_range(drawn(with_bye(1001, 1000, false)), 5 * kMinute, 15 * kMinute);
}

TEST_CASE("[X-6] codes of the class back-off add their hint to the back-off") {
  check_range(drawn(with_bye(1011, 5 * kSecond)), 5 * kSecond, 6 * kSecond);
  check_range(drawn(with_bye(1001, 1 * kSecond), after_failures(3)), kSecond, 9 * kSecond);
}

TEST_CASE("[X-3] a code in the close frame alone gives the same advice") {
  Ending ending = dropped(0);
  ending.closed.close_code = 4503;
  check_range(drawn(ending), 5 * kMinute, 15 * kMinute);
  ending.closed.close_code = 4016;
  check_range(drawn(ending), kMinute, 90 * kSecond);
  ending.closed.close_code = 1002;
  check_range(drawn(ending), 0, kSecond);
  ending.closed.close_code = 1006;
  ending.ready_ms = kStableMs;
  check_range(drawn(ending), 500, 10 * kSecond);
}

TEST_CASE("[H-2] another subprotocol is as 426, a certificate that does not fit waits 1 to 10 minutes") {
  check_range(drawn(failed(OpenFail::Protocol)), 10 * kMinute, 30 * kMinute);
  check_range(drawn(failed(OpenFail::TlsCertificate)), kMinute, 10 * kMinute);
}

TEST_CASE("no memory tries once more soon, then asks for a restart and backs off") {
  FakeEntropy entropy;
  RetryHistory history;
  check_range(drawn(failed(OpenFail::NoMemory), history), kSecond, 10 * kSecond);
  CHECK(RetryPolicy::decide(failed(OpenFail::NoMemory), false, history, entropy).action == RetryAction::Wait);
  history.failures = 9;
  check_range(drawn(failed(OpenFail::NoMemory), history), 0, 300 * kSecond);
  CHECK(RetryPolicy::decide(failed(OpenFail::NoMemory), false, history, entropy).action == RetryAction::AskRestart);
  (void)RetryPolicy::decide(failed(OpenFail::Tcp), false, history, entropy);
  CHECK(RetryPolicy::decide(failed(OpenFail::NoMemory), false, history, entropy).action == RetryAction::Wait);
}
