#pragma once
#include <cstdint>

#include "fairlead/attempt_budget.hpp"
#include "fairlead/ports.hpp"

namespace fairlead {

/** A session that was ready this long starts the back-off anew. */
constexpr uint64_t kStableMs = 60000;

/** What the gateway said before it closed [S-8]. */
struct ByeHint {
  bool has = false;
  uint16_t code = 0;
  bool reconnect = true;
  uint64_t retry_after_ms = 0;  ///< 0: no hint.
};

/** How an attempt or a session came to its end, as far as the device can see. */
struct Ending {
  Closed closed;
  ByeHint bye;
  bool was_opened = false;  ///< The 101 had come.
  bool was_ready = false;
  uint64_t ready_ms = 0;    ///< How long it was ready.
};

/** What earlier attempts left behind. */
struct RetryHistory {
  uint8_t failures = 0;   ///< Doublings of the back-off's cap.
  uint8_t busy = 0;       ///< 502, 503, 504 in a row.
  uint8_t no_memory = 0;  ///< In a row.
  bool other_token_tried = false;
};

enum class RetryAction : uint8_t {
  Wait,
  UseOtherToken,  ///< The present one was refused; the other slot may hold a good one.
  AskRestart,     ///< No memory for TLS twice in a row: only a restart puts the heap in order.
};

struct RetryPlan {
  uint64_t delay_ms = 0;
  RetryAction action = RetryAction::Wait;
};

/**
 * When to come back, and with which token: the client's half of [H-13] and …. It never gives up and never
 * erases a credential. Pure but for its entropy and its memory of attempts.
 */
class RetryPolicy {
 public:
  explicit RetryPolicy(Entropy& entropy) : entropy_(entropy) {}

  /** The wait before the first attempt after a start: longer when the whole site may have lost its power. */
  uint64_t first_delay_ms(ResetReason reason);
  /** The wait when the network below came back and the planned time has passed. */
  uint64_t link_back_delay_ms();
  /** Tells that an attempt begins now. */
  void note_attempt(uint64_t now_ms) { budget_.note(now_ms); }
  /** The next attempt after `ending`; never the 31st within an hour. */
  RetryPlan next(const Ending& ending, bool has_other_token, uint64_t now_ms);
  const RetryHistory& history() const { return history_; }

  /** The table alone, without the hourly bound. */
  static RetryPlan decide(const Ending& ending, bool has_other_token, RetryHistory& history, Entropy& entropy);

 private:
  Entropy& entropy_;
  RetryHistory history_;
  AttemptBudget budget_;
};

/** Evenly drawn, both ends included. */
uint64_t uniform_ms(uint64_t from_ms, uint64_t to_ms, Entropy& entropy);

}  // namespace fairlead
