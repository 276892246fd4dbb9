#include "net_side.hpp"

#include <cstring>

namespace fairlead {
namespace {

/** A sketch that talks without end must not keep the session from its tick. */
constexpr int kLettersPerTurn = 32;

template <size_t Capacity>
const char* copy_text(char (&into)[Capacity], std::string_view text) {
  const size_t size = text.size() < Capacity ? text.size() : Capacity - 1;
  if (size != 0) std::memcpy(into, text.data(), size);
  into[size] = 0;
  return into;
}

}  // namespace

void NetSide::bind(Link& link, Uplink& uplink, const CommandNames& commands) {
  link_ = &link;
  uplink_ = &uplink;
  commands_ = &commands;
}

void NetSide::turn() {
  link_->beat.fetch_add(1, std::memory_order_relaxed);
  offer_desired();
  Letter letter;
  for (int count = 0; count < kLettersPerTurn && link_->up.front(letter); ++count) {
    deliver(letter);
    // Before the letter goes: whoever sees an empty mailbox must not miss what it became.
    link_->unacknowledged.store(static_cast<uint32_t>(uplink_->unacknowledged()), std::memory_order_release);
    link_->up.pop();
  }
  link_->unacknowledged.store(static_cast<uint32_t>(uplink_->unacknowledged()), std::memory_order_release);
  show_stats();
  tend_leave();
}

void NetSide::show_stats() {
  const uint64_t now = clock_.mono_ms();
  if (now - stats_at_ms_ < kStatsIntervalMs) return;
  stats_at_ms_ = now;
  const OutboxStats stats = uplink_->stats();
  const uint32_t dropped = stats.dropped_latest + stats.dropped_stream + stats.dropped_event;
  link_->dropped.store(dropped, std::memory_order_relaxed);
  link_->flash_erasures.store(stats.flash_erasures, std::memory_order_relaxed);
  link_->wear_pauses.store(stats.wear_pauses, std::memory_order_relaxed);
}

void NetSide::deliver(const Letter& letter) {
  char id[limits::kNameMaxBytes + 1];
  bool taken = true;
  switch (static_cast<UpLetter>(letter.kind)) {
    case UpLetter::Telemetry:
      taken = uplink_->telemetry(static_cast<RecordClass>(letter.small), letter.a, letter.b, letter.number);
      break;
    case UpLetter::Event: taken = uplink_->event(letter.a, letter.b, letter.number); break;
    case UpLetter::Channel:
      taken = uplink_->channel(static_cast<RecordClass>(letter.small), letter.a, letter.b, letter.number);
      break;
    case UpLetter::Progress: uplink_->progress(copy_text(id, letter.a), letter.small, letter.b); break;
    case UpLetter::Succeeded: uplink_->succeeded(copy_text(id, letter.a), letter.b); break;
    case UpLetter::Failed: uplink_->failed(copy_text(id, letter.a), letter.b, letter.c); break;
    case UpLetter::Reported: uplink_->reported(letter.number, letter.a); break;
    case UpLetter::Log: uplink_->log(letter.a, letter.b); break;
    case UpLetter::Leave: plan_leave(static_cast<uint32_t>(letter.small)); break;
    case UpLetter::Restart:
      restart_after_ = true;
      copy_text(restart_why_, letter.a);
      plan_leave(0);
      break;
  }
  if (!taken) link_->refused.fetch_add(1, std::memory_order_relaxed);
}

void NetSide::plan_leave(uint32_t sleep_s) {
  if (leaving_ != Leaving::No) return;
  leaving_ = Leaving::Planned;
  sleep_s_ = sleep_s;
  leave_at_ms_ = clock_.mono_ms() + kLastWordsMs;
}

void NetSide::tend_leave() {
  const uint64_t now = clock_.mono_ms();
  if (leaving_ == Leaving::Planned && now >= leave_at_ms_) {
    uplink_->leave(sleep_s_);
    leaving_ = Leaving::Said;
  }
  if (leaving_ != Leaving::Said || (!uplink_->left() && now - leave_at_ms_ < kLeaveMaxMs)) return;
  leaving_ = Leaving::Done;
  uplink_->flush();
  link_->left.store(true, std::memory_order_release);
  if (restart_after_) uplink_->restart(restart_why_);
}

void NetSide::on_command(const CommandCall& call) {
  Letter letter;
  letter.kind = static_cast<uint8_t>(DownLetter::Command);
  // [C-13] counted from here, so that a sketch that is busy does not start it too late.
  letter.number = clock_.mono_ms() + call.expires_in_ms;
  letter.a = call.id;
  letter.b = call.name;
  letter.c = call.params_json;
  if (!link_->down.push(letter)) uplink_->failed(call.id, "busy", "the sketch has not taken the commands before it");
}

void NetSide::on_cancel(const char* id) {
  Letter letter;
  letter.kind = static_cast<uint8_t>(DownLetter::Cancel);
  letter.a = id;
  (void)link_->down.push(letter);  // lost when full: a cancel is a wish, the command then ends as it ends [C-16]
}

void NetSide::on_desired(uint64_t version, std::string_view state_json) {
  if (state_json.size() > sizeof desired_) return;  // [L-6] the gateway sends no more
  std::memcpy(desired_, state_json.data(), state_json.size());
  desired_size_ = state_json.size();
  desired_version_ = version;
  has_desired_ = true;
  offer_desired();
}

void NetSide::offer_desired() {
  if (!has_desired_) return;
  Letter letter;
  letter.kind = static_cast<uint8_t>(DownLetter::Desired);
  letter.number = desired_version_;
  letter.a = {desired_, desired_size_};
  has_desired_ = !link_->down.push(letter);
}

void NetSide::on_state(SessionState state) {
  const bool ready = state == SessionState::Ready;
  if (ready) link_->ready_count.fetch_add(1, std::memory_order_relaxed);
  link_->ready.store(ready, std::memory_order_release);
}

}  // namespace fairlead
