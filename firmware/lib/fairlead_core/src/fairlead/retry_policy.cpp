#include "fairlead/retry_policy.hpp"

namespace fairlead {

namespace {

constexpr uint64_t kSecondMs = 1000;
constexpr uint64_t kMinuteMs = 60 * kSecondMs;

constexpr uint64_t kBackoffBaseMs = kSecondMs;      ///< [X-6]
constexpr uint64_t kBackoffCapMs = 5 * kMinuteMs;   ///< [X-6]
constexpr uint64_t kBusyCapMs = 5 * kMinuteMs;      ///< [H-13]
constexpr uint64_t kHintMinMs = kSecondMs;
constexpr uint64_t kHintMaxMs = 24 * 60 * kMinuteMs;
constexpr uint64_t kHintDefaultMs = kMinuteMs;      ///< [X-1]
constexpr uint64_t kRetryAfterMaxMs = 60 * kMinuteMs;  ///< One header must not send a fleet away for a day.
constexpr uint64_t kLinkBackMs = 5 * kSecondMs;
constexpr uint8_t kNoMemoryForRestart = 2;

enum class Row : uint8_t {
  Backoff, Dropped, Hint, Person, Wrong, TooMany, Busy, OtherToken, Credentials, Certificate, NoMemory,
};

/**
 * The waits. `go_on` is the doubling from which the back-off goes on when the next attempt fails as well: a range
 * that a whole fleet draws from at one moment must be followed by a wider one, or its waves add up.
 */
struct Wait {
  uint64_t from_ms, to_ms;
  uint8_t go_on;
};

constexpr Wait kDropped{500, 10 * kSecondMs, 4};                      ///< [X-6]
constexpr Wait kPerson{5 * kMinuteMs, 15 * kMinuteMs, 0};             ///< [X-1], and 401 [H-13]
constexpr Wait kWrong{10 * kMinuteMs, 30 * kMinuteMs, 0};             ///< [H-13]
constexpr Wait kTooMany{5 * kMinuteMs, 10 * kMinuteMs, 0};            ///< [H-13]
constexpr Wait kBusy{5 * kSecondMs, 30 * kSecondMs, 0};               ///< [H-13]
constexpr Wait kOtherToken{0, kSecondMs, 0};                          ///< [H-13]
constexpr Wait kCertificate{kMinuteMs, 10 * kMinuteMs, 0};
constexpr Wait kNoMemory{kSecondMs, 10 * kSecondMs, 0};
constexpr Wait kFirst{0, 5 * kSecondMs, 0};                           ///< [X-6]
constexpr Wait kFirstAfterPowerOn{0, 30 * kSecondMs, 5};
constexpr uint8_t kGoOnAfterBye = 3;

uint64_t draw(const Wait& wait, Entropy& entropy) { return uniform_ms(wait.from_ms, wait.to_ms, entropy); }

Row row_of_status(uint16_t status) {  // [H-13]
  switch (status) {
    case 401: return Row::Credentials;
    case 429: return Row::TooMany;
    case 408: case 502: case 503: case 504: return Row::Busy;
    case 0: return Row::Backoff;
    default: return status < 500 ? Row::Wrong : Row::Backoff;
  }
}

Row row_of_code(uint16_t code, bool reconnect) {
  if (code >= 4500 && code <= 4999) return Row::Person;
  if (!reconnect) return Row::Person;
  if (code >= 4000 && code <= 4499) return Row::Hint;
  return code == 1009 || code == 1012 || code == 1013 ? Row::Hint : Row::Backoff;
}

Row row_of_failure(OpenFail fail) {
  switch (fail) {
    case OpenFail::TlsCertificate: return Row::Certificate;
    case OpenFail::NoMemory: return Row::NoMemory;
    case OpenFail::Protocol: return Row::Wrong;  // another subprotocol, or none, is as 426 [H-2]
    default: return Row::Backoff;
  }
}

bool was_stable(const Ending& ending) { return ending.was_ready && ending.ready_ms >= kStableMs; }

Row row_of(const Ending& ending) {
  const Closed& closed = ending.closed;
  if (ending.bye.has) return row_of_code(ending.bye.code, ending.bye.reconnect);
  if (ending.was_opened && closed.close_code != 0) {
    const Row row = row_of_code(closed.close_code, true);
    if (row != Row::Backoff) return row;
  }
  if (was_stable(ending)) return Row::Dropped;
  if (ending.was_opened) return Row::Backoff;
  return closed.fail == OpenFail::Http ? row_of_status(closed.http_status) : row_of_failure(closed.fail);
}

uint64_t clamped(uint64_t value, uint64_t low, uint64_t high) {
  if (value < low) return low;
  return value > high ? high : value;
}

uint64_t doubled(uint64_t base_ms, uint8_t times, uint64_t cap_ms) {
  uint64_t value_ms = base_ms;
  for (uint8_t i = 0; i < times && value_ms < cap_ms; i++) value_ms *= 2;
  return value_ms < cap_ms ? value_ms : cap_ms;
}

uint64_t hinted_ms(uint64_t hint_ms, Entropy& entropy) {
  const uint64_t from_ms = hint_ms == 0 ? kHintDefaultMs : clamped(hint_ms, kHintMinMs, kHintMaxMs);
  return uniform_ms(from_ms, from_ms + from_ms / 2, entropy);
}

/** The range doubles with each refusal in a row until its upper end meets the cap [H-13]. */
uint64_t busy_ms(uint8_t in_a_row, Entropy& entropy) {
  const uint64_t to_ms = doubled(kBusy.to_ms, in_a_row, kBusyCapMs);
  return uniform_ms(to_ms * kBusy.from_ms / kBusy.to_ms, to_ms, entropy);
}

uint64_t hint_of(const Ending& ending) {
  return ending.bye.has ? ending.bye.retry_after_ms : ending.closed.retry_after_ms;
}

/** `Retry-After` [H-12], where the transport can see it; else what the table says. */
uint64_t refused_ms(const Ending& ending, uint64_t by_table_ms, Entropy& entropy) {
  const uint64_t told_ms = clamped(ending.closed.retry_after_ms, 0, kRetryAfterMaxMs);
  return told_ms == 0 ? by_table_ms : hinted_ms(told_ms, entropy);
}

uint64_t delay_of(Row row, const Ending& ending, const RetryHistory& history, Entropy& entropy) {
  switch (row) {
    case Row::Dropped: return draw(kDropped, entropy);
    case Row::Hint: return hinted_ms(hint_of(ending), entropy);
    case Row::Person: case Row::Credentials: return draw(kPerson, entropy);
    case Row::Wrong: return draw(kWrong, entropy);
    case Row::TooMany: return refused_ms(ending, draw(kTooMany, entropy), entropy);
    case Row::Busy: return refused_ms(ending, busy_ms(history.busy, entropy), entropy);
    case Row::OtherToken: return draw(kOtherToken, entropy);
    case Row::Certificate: return draw(kCertificate, entropy);
    case Row::NoMemory:
      if (history.no_memory == 0) return draw(kNoMemory, entropy);
      break;
    case Row::Backoff: break;
  }
  const uint64_t added_ms = ending.bye.has ? clamped(ending.bye.retry_after_ms, 0, kHintMaxMs) : 0;
  return added_ms + uniform_ms(0, doubled(kBackoffBaseMs, history.failures, kBackoffCapMs), entropy);
}

uint8_t one_more(uint8_t count) { return count < UINT8_MAX ? static_cast<uint8_t>(count + 1) : count; }

RetryHistory history_after(Row row, bool after_bye, const RetryHistory& before) {
  RetryHistory after;
  const uint8_t go_on = row == Row::Dropped ? kDropped.go_on : after_bye ? kGoOnAfterBye : 0;
  const uint8_t failures = one_more(before.failures);
  after.failures = failures > go_on ? failures : go_on;
  after.busy = row == Row::Busy ? one_more(before.busy) : uint8_t{0};
  after.no_memory = row == Row::NoMemory ? one_more(before.no_memory) : uint8_t{0};
  after.other_token_tried = row == Row::OtherToken;
  return after;
}

}  // namespace

uint64_t uniform_ms(uint64_t from_ms, uint64_t to_ms, Entropy& entropy) {
  const uint64_t span = to_ms - from_ms + 1;  // below 2^32 for every wait here: no bias worth the name
  return from_ms + ((uint64_t{entropy.u32()} * span) >> 32);
}

RetryPlan RetryPolicy::decide(const Ending& ending, bool has_other_token, RetryHistory& history, Entropy& entropy) {
  if (was_stable(ending)) history = RetryHistory{};
  Row row = row_of(ending);
  if (row == Row::Credentials && has_other_token && !history.other_token_tried) row = Row::OtherToken;  // [H-13]
  RetryPlan plan;
  plan.delay_ms = delay_of(row, ending, history, entropy);
  history = history_after(row, ending.bye.has || row == Row::Hint, history);
  if (row == Row::OtherToken) plan.action = RetryAction::UseOtherToken;
  if (history.no_memory >= kNoMemoryForRestart) plan.action = RetryAction::AskRestart;
  return plan;
}

uint64_t RetryPolicy::first_delay_ms(ResetReason reason) {
  const bool site_lost_power = reason == ResetReason::PowerOn || reason == ResetReason::Brownout;
  const Wait& wait = site_lost_power ? kFirstAfterPowerOn : kFirst;
  history_.failures = wait.go_on;
  return draw(wait, entropy_);
}

uint64_t RetryPolicy::link_back_delay_ms() { return uniform_ms(0, kLinkBackMs, entropy_); }

RetryPlan RetryPolicy::next(const Ending& ending, bool has_other_token, uint64_t now_ms) {
  RetryPlan plan = decide(ending, has_other_token, history_, entropy_);
  plan.delay_ms = budget_.bounded_delay_ms(plan.delay_ms, now_ms, entropy_);
  return plan;
}

}  // namespace fairlead
