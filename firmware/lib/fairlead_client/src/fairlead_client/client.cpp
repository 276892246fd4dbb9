#include "client.hpp"

#include "fairlead/names.hpp"

namespace fairlead {
namespace {

/** So that a flood of commands does not starve the sketch's own loop. */
constexpr int kLettersPerTurn = 4;
/** Room in the mailbox that must be there before a command runs, so that its result is never lost. */
constexpr size_t kResultRoomBytes = CommandResult::kDataBytes + 2 * limits::kNameMaxBytes;

const char* reset_text(ResetReason reason) {
  switch (reason) {
    case ResetReason::PowerOn: return "power_on";
    case ResetReason::Software: return "software";
    case ResetReason::Panic: return "panic";
    case ResetReason::Watchdog: return "watchdog";
    case ResetReason::Brownout: return "brownout";
    case ResetReason::DeepSleep: return "deep_sleep";
    case ResetReason::Other: break;
  }
  return "other";
}

}  // namespace

Status Client::start(Clock& clock, System& system, KeyValueStore& settings) {
  if (!check_declarations()) return Status::Invalid;
  clock_ = &clock;
  system_ = &system;
  store_ = &settings;
  load_settings();
  return Status::Ok;
}

bool Client::refuse_declaration(const char* problem, const char* name) {
  problem_ = problem;
  problem_name_ = name;
  return false;
}

bool Client::check_declarations() {
  for (TelemetryBase* at = first_telemetry_; at != nullptr; at = at->next_) {
    if (!is_name(at->name_)) return refuse_declaration("telemetry: not a name", at->name_);
  }
  for (SettingBase* at = first_setting_; at != nullptr; at = at->next_) {
    if (!is_name(at->name_)) return refuse_declaration("setting: not a name", at->name_);
  }
  for (Command* at = first_command_; at != nullptr; at = at->next_) {
    if (!is_name(at->name_)) return refuse_declaration("command: not a name", at->name_);
    if (at->too_many_) return refuse_declaration("command: too many parameters", at->name_);
    for (Command* other = at->next_; other != nullptr; other = other->next_) {
      if (std::string_view(other->name_) == at->name_) return refuse_declaration("command: declared twice", at->name_);
    }
  }
  for (Channel* at = first_channel_; at != nullptr; at = at->next_) {
    if (!is_name(at->name_)) return refuse_declaration("channel: not a name", at->name_);
  }
  if (write_settings(true) == 0) return refuse_declaration("settings: more than a kilobyte", first_setting_->name_);
  return true;
}

void Client::turn() {
  if (!started()) return;
  read_letters();
  const uint64_t now = now_ms();
  for (TelemetryBase* at = first_telemetry_; at != nullptr; at = at->next_) at->turn(now);
  report_built_ins();
  tend_settings();
}

void Client::read_letters() {
  Letter letter;
  for (int count = 0; count < kLettersPerTurn && link_.down.front(letter); ++count) {
    switch (static_cast<DownLetter>(letter.kind)) {
      case DownLetter::Command:
        if (!link_.up.has_room(kResultRoomBytes)) return;  // it stays first in line
        run_command(letter);
        break;
      case DownLetter::Cancel: pass_cancel(letter.a); break;
      case DownLetter::Desired: take_desired(letter.number, letter.a); break;
    }
    link_.down.pop();
  }
}

void Client::run_command(const Letter& letter) {
  const CommandResult result = call(letter);
  if (result.kind == CommandResult::Kind::Later) return;
  if (!finish(letter.a, result)) ++counters_.mailbox_full;  // cannot be: there was room before it ran
}

CommandResult Client::call(const Letter& letter) {
  if (now_ms() > letter.number) {
    ++counters_.commands_expired;
    return fail("expired", "the time was up before the sketch came to it");
  }
  Command* command = find_command(letter.b);
  if (command == nullptr) return fail("unsupported", "no such command");  // [C-17] has_command() said no already
  if (const char* wrong = command->wrong_parameter(letter.c)) return fail("bad_parameter", wrong);
  return command->handler_(Arguments(letter.a, letter.c));
}

Command* Client::find_command(std::string_view name) const {
  for (Command* at = first_command_; at != nullptr; at = at->next_) {
    if (name == at->name_) return at;
  }
  return nullptr;
}

void Client::pass_cancel(std::string_view id) {
  for (Command* at = first_command_; at != nullptr; at = at->next_) {
    if (at->cancel_ != nullptr) at->cancel_(id);
  }
}

bool Client::send(UpLetter kind, int32_t small, uint64_t number, std::string_view a, std::string_view b, std::string_view c) {
  Letter letter;
  letter.kind = static_cast<uint8_t>(kind);
  letter.small = small;
  letter.number = number;
  letter.a = a;
  letter.b = b;
  letter.c = c;
  return link_.up.push(letter);
}

bool Client::event(std::string_view name, std::string_view data_json) {
  if (!started() || !is_name(name)) return false;
  const bool sent = send(UpLetter::Event, 0, now_ms(), name, data_json);
  if (!sent) ++counters_.mailbox_full;
  return sent;
}

bool Client::log(std::string_view level, std::string_view text) {
  const bool sent = started() && send(UpLetter::Log, 0, 0, level, text.substr(0, limits::kLogTextMaxBytes));
  if (!sent) ++counters_.mailbox_full;
  return sent;
}

bool Client::progress(std::string_view id, int percent, std::string_view text) {
  return send(UpLetter::Progress, percent, 0, id, text);
}

bool Client::finish(std::string_view id, const CommandResult& result) {
  if (result.too_large()) return send(UpLetter::Failed, 0, 0, id, "result_too_large", "the sketch's data did not fit");
  if (result.kind == CommandResult::Kind::Ok) return send(UpLetter::Succeeded, 0, 0, id, result.data());
  return send(UpLetter::Failed, 0, 0, id, result.code, std::string_view(result.message).substr(0, limits::kNameMaxBytes));
}

bool Client::restart(std::string_view why) { return send(UpLetter::Restart, 0, 0, why); }

bool Client::leave(uint32_t sleep_s) { return send(UpLetter::Leave, static_cast<int32_t>(sleep_s), 0, {}); }

void Client::report_built_ins() {
  const uint64_t now = now_ms();
  if (built_ins_sent_ && now - built_ins_at_ms_ < kBuiltInIntervalMs) return;
  uint8_t bytes[160];
  JsonWriter json({bytes, sizeof bytes});
  json.begin_object();
  json.key("rssi_dbm").integer(system_->rssi_dbm());
  json.key("heap_free").unsigned_integer(system_->free_heap());
  json.key("heap_block").unsigned_integer(system_->largest_free_block());
  json.key("dropped").unsigned_integer(link_.dropped.load(std::memory_order_relaxed));
  json.key("flash_erasures").unsigned_integer(link_.flash_erasures.load(std::memory_order_relaxed));
  if (!built_ins_sent_) json.key("reset_reason").text(reset_text(system_->reset_reason()));
  json.end_object();
  const std::string_view object = json.view();
  // One key stands for all of them: offline the newest set replaces the older one; the first, with the reason, stays.
  const RecordClass kept = built_ins_sent_ ? RecordClass::Latest : RecordClass::Stream;
  if (!send(UpLetter::Telemetry, static_cast<int32_t>(kept), now, "device", object.substr(1, object.size() - 2))) return;
  built_ins_at_ms_ = now;
  built_ins_sent_ = true;
}

}  // namespace fairlead
