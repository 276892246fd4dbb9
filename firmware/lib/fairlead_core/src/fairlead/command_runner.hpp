#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fairlead/bytes.hpp"
#include "fairlead/gateway_message.hpp"
#include "fairlead/limits.hpp"
#include "fairlead/session_handler.hpp"

namespace fairlead {

class CommandMemory;

/** Kept of the text of a `progress`; news for people, so the rest is cut. */
constexpr size_t kProgressTextBytes = 64;
/** News of one command at most this often: answers over the rate end the session. */
constexpr uint64_t kProgressEveryMs = 250;
/** Answers without a run that wait for their turn. One more is dropped: the gateway asks again after `welcome` [C-14]. */
constexpr size_t kAnswersMax = limits::kCommandsInFlightMax;

struct CommandCounters {
  uint32_t ran = 0;
  uint32_t repeated = 0;      ///< Deliveries of a known id.
  uint32_t refused = 0;       ///< Unknown, busy, expired, not storable: did not run.
  uint32_t unanswered = 0;    ///< For want of a place; asked again after the next `welcome`.
  uint32_t late_answers = 0;  ///< progress() or finish of an id that does not run.
  uint32_t too_large = 0;     ///< Results that did not fit and were replaced [C-12].
};

/**
 * Runs each command once: stores the id, has `accepted` sent, hands it on, stores the result, has it sent; a repeat is
 * answered from memory [C-15] [C-18]. At most kCommandsInFlightMax are unfinished.
 */
class CommandRunner {
 public:
  explicit CommandRunner(CommandMemory& memory) : memory_(memory) {}

  enum class Delivery : uint8_t {
    Run,       ///< Stored. Send `accepted`, then call started() and hand it on.
    Answered,  ///< Some frame is due now.
  };
  /** `is_known`: the application has a command of this name. */
  Delivery deliver(const GatewayMessage& command, bool is_known);
  /** `accepted` of a command that deliver() wanted to run is out. */
  void started(const char* id);
  /** True: it runs, ask the application. Else its result is due again, or it is unknown here. */
  bool cancel(const char* id);

  void progress(const char* id, int percent, std::string_view text);
  /** `scratch`: for the frame, at least kResultMaxBytes. */
  void finish_ok(const char* id, std::string_view data_json, MutableBytes scratch);
  void finish_error(const char* id, std::string_view code, std::string_view message, MutableBytes scratch);

  /** Writes the frame that is due. False: none is. */
  bool peek(uint64_t now_ms, MutableBytes into, size_t& size);
  /** The frame of the last peek() is out. */
  void sent(uint64_t now_ms);
  size_t unfinished() const;
  const CommandCounters& counters() const { return counters_; }

 private:
  enum class Due : uint8_t { None, Accepted, Answer, Progress, Result };
  struct Slot {
    char id[limits::kNameMaxBytes + 1] = {};  ///< Empty: free.
    bool runs = false;  ///< Handed to the application, no result yet.
    bool accepted_due = false;
    bool progress_due = false;
    bool result_due = false;
    bool progress_sent = false;
    int8_t percent = -1;
    char text[kProgressTextBytes + 1] = {};
    uint64_t progress_at_ms = 0;
  };
  /** What is said about a command that does not run here now: its stored result, or why it did not run. */
  struct Answer {
    char id[limits::kNameMaxBytes + 1] = {};  ///< Empty: free.
    const char* code = nullptr;               ///< Null: the stored result.
    const char* message = "";
  };

  Slot* find(std::string_view id);
  Slot* running(const char* id);
  Delivery deliver_new(const GatewayMessage& command, bool is_known);
  Delivery deliver_unfinished(const GatewayMessage& command);
  Delivery answer(std::string_view id, const char* code, const char* message);
  Delivery refuse(std::string_view id, const char* code, const char* message);
  bool store(std::string_view id, ByteView frame);
  void end_run(std::string_view id, ByteView frame);
  void end_without_run(std::string_view id, const char* code, const char* message);
  bool is_due(const Slot& slot, Due due, uint64_t now_ms) const;
  bool peek_slots(Due due, uint64_t now_ms, MutableBytes into, size_t& size);
  bool peek_answers(MutableBytes into, size_t& size);
  bool write_slot(const Slot& slot, Due due, MutableBytes into, size_t& size);
  bool write_result(std::string_view id, MutableBytes into, size_t& size);

  CommandMemory& memory_;
  Slot slots_[limits::kCommandsInFlightMax];
  Answer answers_[kAnswersMax];
  Due peeked_ = Due::None;
  size_t peeked_at_ = 0;
  CommandCounters counters_;
};

}  // namespace fairlead
