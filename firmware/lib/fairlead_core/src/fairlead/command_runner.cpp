#include "fairlead/command_runner.hpp"

#include "fairlead/command_memory.hpp"
#include "fairlead/device_frames.hpp"
#include "fairlead/text_copy.hpp"
#include "fairlead/utf8.hpp"

namespace fairlead {

namespace {

/** Codes that the client itself gives; the application chooses its own [C-17]. */
constexpr char kUnsupported[] = "unsupported";
constexpr char kBusy[] = "busy";
constexpr char kExpired[] = "expired";
constexpr char kCancelled[] = "cancelled";
constexpr char kInterrupted[] = "interrupted";
constexpr char kNotStored[] = "not_stored";
constexpr char kTooLarge[] = "result_too_large";
constexpr char kBadResult[] = "bad_result";
constexpr char kFailed[] = "failed";

/** Kept of the message of an error, so that its frame fits the memory of results. */
constexpr size_t kErrorMessageBytes = 160;

/** A result with one of the codes above. */
constexpr size_t kOwnResultBytes = 256;

}  // namespace

CommandRunner::Slot* CommandRunner::find(std::string_view id) {
  for (Slot& slot : slots_) {
    if (id == slot.id) return &slot;
  }
  return nullptr;
}

CommandRunner::Slot* CommandRunner::running(const char* id) {
  Slot* slot = id[0] == '\0' ? nullptr : find(id);
  if (slot != nullptr && slot->runs) return slot;
  counters_.late_answers++;
  return nullptr;
}

size_t CommandRunner::unfinished() const {
  size_t count = 0;
  for (const Slot& slot : slots_) count += slot.id[0] != '\0' && !slot.result_due ? 1 : 0;
  return count;
}

CommandRunner::Delivery CommandRunner::deliver(const GatewayMessage& command, bool is_known) {
  const CommandState state = memory_.find(command.id);
  if (state == CommandState::Unknown) return deliver_new(command, is_known);
  counters_.repeated++;
  if (state == CommandState::Running) return deliver_unfinished(command);
  if (state == CommandState::Finished) return answer(command.id, nullptr, "");
  end_without_run(command.id, kInterrupted, "the device restarted while it ran");  // [C-15]
  return Delivery::Answered;
}

CommandRunner::Delivery CommandRunner::deliver_new(const GatewayMessage& command, bool is_known) {
  if (!is_known) return refuse(command.id, kUnsupported, "no such command");  // [C-17]
  if (command.expires_in_ms == 0) return refuse(command.id, kExpired, "its time was up on arrival");  // [C-13]
  Slot* slot = find("");
  if (slot == nullptr) return refuse(command.id, kBusy, "too many commands run already");  // [L-19]
  const Status stored = memory_.store_started(command.id);  // [C-18]
  if (stored == Status::Full) return refuse(command.id, kBusy, "too many commands run already");
  if (stored != Status::Ok) return refuse(command.id, kNotStored, "its id could not be stored");
  *slot = Slot{};
  copy_text(slot->id, command.id);
  return Delivery::Run;
}

/** Stored in this boot, no result yet. */
CommandRunner::Delivery CommandRunner::deliver_unfinished(const GatewayMessage& command) {
  Slot* slot = find(command.id);
  if (slot == nullptr) return answer(command.id, kNotStored, "its result could not be stored");
  if (slot->runs) {
    slot->accepted_due = true;
    return Delivery::Answered;
  }
  if (command.expires_in_ms > 0) return Delivery::Run;  // `accepted` never got out: it did not run
  end_without_run(command.id, kExpired, "its time was up before it began");  // [C-13]
  return Delivery::Answered;
}

void CommandRunner::started(const char* id) {
  Slot* slot = find(id);
  if (slot == nullptr) return;
  slot->runs = true;
  counters_.ran++;
}

bool CommandRunner::cancel(const char* id) {  // [C-16]
  Slot* slot = find(id);
  if (slot != nullptr && slot->runs) return true;
  if (slot != nullptr && !slot->result_due) end_without_run(id, kCancelled, "cancelled before it began");
  else if (slot == nullptr && memory_.find(id) == CommandState::Finished) (void)answer(id, nullptr, "");
  return false;
}

CommandRunner::Delivery CommandRunner::refuse(std::string_view id, const char* code, const char* message) {
  counters_.refused++;
  return answer(id, code, message);
}

CommandRunner::Delivery CommandRunner::answer(std::string_view id, const char* code, const char* message) {
  const Slot* slot = find(id);
  if (slot != nullptr && slot->result_due) return Delivery::Answered;
  Answer* place = nullptr;
  for (Answer& answer : answers_) {
    if (id == answer.id) place = &answer;
    else if (answer.id[0] == '\0' && place == nullptr) place = &answer;
  }
  if (place == nullptr) {
    counters_.unanswered++;
    return Delivery::Answered;
  }
  copy_text(place->id, id);
  place->code = code;
  place->message = message;
  return Delivery::Answered;
}

void CommandRunner::progress(const char* id, int percent, std::string_view text) {
  Slot* slot = running(id);
  if (slot == nullptr) return;
  slot->percent = static_cast<int8_t>(percent < 0 ? -1 : percent > 100 ? 100 : percent);
  copy_text(slot->text, utf8_cut(text, kProgressTextBytes));
  slot->progress_due = true;
}

void CommandRunner::finish_ok(const char* id, std::string_view data_json, MutableBytes scratch) {
  if (running(id) == nullptr) return;
  size_t size = 0;
  const Status written = write_result_ok(id, data_json, scratch, size);
  if (written == Status::Ok) return end_run(id, {scratch.data, size});
  if (written != Status::TooLarge) return finish_error(id, kBadResult, "its data is no JSON of 8 levels", scratch);
  counters_.too_large++;
  finish_error(id, kTooLarge, "the result did not fit", scratch);  // [C-12]
}

void CommandRunner::finish_error(const char* id, std::string_view code, std::string_view message,
                                 MutableBytes scratch) {
  if (running(id) == nullptr) return;
  const std::string_view kept = utf8_cut(message, kErrorMessageBytes);
  size_t size = 0;
  Status written = write_result_error(id, code, kept, scratch, size);
  if (written != Status::Ok) written = write_result_error(id, kFailed, kept, scratch, size);  // not a name [N-1]
  if (written != Status::Ok) written = write_result_error(id, kFailed, "", scratch, size);
  if (written == Status::Ok) end_run(id, {scratch.data, size});
}

/** It does not run, so its answer is true whether it can be stored or not. */
void CommandRunner::end_without_run(std::string_view id, const char* code, const char* message) {
  uint8_t frame[kOwnResultBytes];
  size_t size = 0;
  if (write_result_error(id, code, message, {frame, sizeof frame}, size) != Status::Ok) return;
  if (!store(id, {frame, size})) (void)answer(id, code, message);
  else if (find(id) == nullptr) (void)answer(id, nullptr, "");
}

void CommandRunner::end_run(std::string_view id, ByteView frame) {
  if (!store(id, frame)) (void)answer(id, kNotStored, "its result could not be stored");
}

/** The result is durable before it is sent [C-18]. False: it is not, and its place is free. */
bool CommandRunner::store(std::string_view id, ByteView frame) {
  const Status stored = memory_.store_result(id, frame);
  if (stored == Status::TooLarge) counters_.too_large++;
  const bool is_stored = stored == Status::Ok || stored == Status::TooLarge;
  Slot* slot = find(id);
  if (slot == nullptr) return is_stored;
  if (!is_stored) {
    *slot = Slot{};
    return false;
  }
  slot->runs = false;
  slot->accepted_due = false;
  slot->progress_due = false;
  slot->result_due = true;
  return true;
}

bool CommandRunner::is_due(const Slot& slot, Due due, uint64_t now_ms) const {
  if (slot.id[0] == '\0') return false;
  switch (due) {
    case Due::Accepted: return slot.accepted_due;
    case Due::Progress:
      return slot.progress_due && (!slot.progress_sent || now_ms - slot.progress_at_ms >= kProgressEveryMs);
    case Due::Result: return slot.result_due;
    default: return false;
  }
}

bool CommandRunner::write_result(std::string_view id, MutableBytes into, size_t& size) {
  if (memory_.read_result(id, into, size) == Status::Ok) return true;
  return write_result_error(id, kNotStored, "its result could not be read", into, size) == Status::Ok;
}

bool CommandRunner::write_slot(const Slot& slot, Due due, MutableBytes into, size_t& size) {
  if (due == Due::Accepted) return write_accepted(slot.id, into, size) == Status::Ok;
  if (due == Due::Progress) return write_progress(slot.id, slot.percent, slot.text, into, size) == Status::Ok;
  return write_result(slot.id, into, size);
}

bool CommandRunner::peek_slots(Due due, uint64_t now_ms, MutableBytes into, size_t& size) {
  for (size_t i = 0; i < limits::kCommandsInFlightMax; i++) {
    if (!is_due(slots_[i], due, now_ms)) continue;
    peeked_ = due;
    peeked_at_ = i;
    if (write_slot(slots_[i], due, into, size)) return true;
    sent(now_ms);  // what cannot be written is let go, or it would stand before all others for ever
  }
  return false;
}

bool CommandRunner::peek_answers(MutableBytes into, size_t& size) {
  for (size_t i = 0; i < kAnswersMax; i++) {
    Answer& answer = answers_[i];
    if (answer.id[0] == '\0') continue;
    const bool written = answer.code == nullptr
                             ? write_result(answer.id, into, size)
                             : write_result_error(answer.id, answer.code, answer.message, into, size) == Status::Ok;
    peeked_ = Due::Answer;
    peeked_at_ = i;
    if (written) return true;
    answer = Answer{};
  }
  return false;
}

bool CommandRunner::peek(uint64_t now_ms, MutableBytes into, size_t& size) {
  return peek_slots(Due::Accepted, now_ms, into, size) || peek_answers(into, size) ||
         peek_slots(Due::Progress, now_ms, into, size) || peek_slots(Due::Result, now_ms, into, size);
}

void CommandRunner::sent(uint64_t now_ms) {
  if (peeked_ == Due::Answer) answers_[peeked_at_] = Answer{};
  Slot& slot = slots_[peeked_at_];
  if (peeked_ == Due::Accepted) slot.accepted_due = false;
  if (peeked_ == Due::Result) slot = Slot{};
  if (peeked_ == Due::Progress) {
    slot.progress_due = false;
    slot.progress_sent = true;
    slot.progress_at_ms = now_ms;
  }
  peeked_ = Due::None;
}

}  // namespace fairlead
