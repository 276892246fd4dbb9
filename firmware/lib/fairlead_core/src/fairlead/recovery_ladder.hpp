#pragma once
#include <cstdint>

#include "fairlead/ports.hpp"

namespace fairlead {

/** What to do for a device that does not come through although it tries. */
enum class Rescue : uint8_t { None, AssociateAgain, RadioOffOn, Restart };

/**
 * Counts what the network cannot explain: attempts that fail while the link is up, and time without a word from the
 * gateway. The number of restarts in a row is durable, so that each waits longer than the one before.
 */
class RecoveryLadder {
 public:
  explicit RecoveryLadder(KeyValueStore& store) : store_(store) {}
  /** Reads how many restarts in a row led here. Call once, before the first tick. */
  void begin(uint64_t now_ms);
  /** An attempt that got no answer, with the link up. */
  Rescue note_failure();
  /** The gateway answered, if only by a refusal: network, TLS and memory work. */
  void note_answer();
  /** A session was ready for kStableMs: restarts count from zero again. Writes only when there were some. */
  void note_stable();
  /** Each tick. Restart once the silence with the link up has lasted too long; RadioOffOn for a link that stays away. */
  Rescue check(bool link_up, bool answered_now, uint64_t now_ms);
  /** Each tick in which nobody wants a session: that time does not count. */
  void pause(uint64_t now_ms) { last_check_ms_ = now_ms; }
  /** Whether a restart for want of memory is due: not before the device ran a while, so that it cannot loop. */
  bool may_restart_for_memory(uint64_t now_ms) const;
  /** Just before the restart. */
  void note_restart(uint64_t now_ms);
  uint8_t restarts() const { return restarts_; }

 private:
  uint64_t doubled_ms(uint64_t first_ms) const;

  KeyValueStore& store_;
  uint64_t started_ms_ = 0;
  uint64_t last_check_ms_ = 0;
  uint64_t silent_ms_ = 0;     ///< With the link up.
  uint64_t link_down_ms_ = 0;  ///< In one piece.
  uint32_t failures_ = 0;
  uint8_t restarts_ = 0;
};

}  // namespace fairlead
