#include "commands.hpp"

#include <algorithm>

#include "fairlead/json_writer.hpp"
#include "order.hpp"
#include "report_line.hpp"

namespace fairlead::posix {

const std::string_view kCommandNames[] = {"ping", "identify", "set", "fail", "slow", "ask", "restart"};
const size_t kCommandCount = sizeof kCommandNames / sizeof kCommandNames[0];

bool is_command(std::string_view name) {
  return std::find(kCommandNames, kCommandNames + kCommandCount, name) != kCommandNames + kCommandCount;
}

namespace {

constexpr double kSlowMaxS = 3600;
/** The result must be on its way before the process is gone. */
constexpr uint64_t kRestartDelayMs = 200;

uint64_t ms_of(double seconds) { return static_cast<uint64_t>(seconds * 1000); }

}  // namespace

std::string merged(const std::string& settings_json, std::string_view news_json) {
  Order settings, news;
  if (!settings.read(settings_json) || !news.read(news_json)) return settings_json;
  auto members = settings.members();
  for (const auto& [key, value] : news.members()) members[key] = value;
  std::string text(settings_json.size() + news_json.size() + 64, '\0');
  JsonWriter writer({reinterpret_cast<uint8_t*>(text.data()), text.size()});
  writer.begin_object();
  for (const auto& [key, value] : members) writer.key(key).raw(value);
  writer.end_object();
  return writer.ok() ? std::string(writer.view()) : settings_json;
}

void Commands::run(Session& session, const CommandCall& call) {
  const std::string_view name = call.name;
  ++runs_;
  ReportLine("command").text("id", call.id).text("name", name).json("params", call.params_json);
  if (name == "ping") return session.finish_ok(call.id, "{\"pong\":true}");
  if (name == "identify") {
    const std::string data = "{\"sessions\":" + std::to_string(session.counters().sessions) + "}";
    return session.finish_ok(call.id, data);
  }
  if (name == "set") return set(session, call);
  if (name == "fail") return fail(session, call);
  if (name == "slow") return begin_slow(session, call);
  if (name == "ask") return;  // whoever holds stdin answers
  restart_at_ms_ = clock_.mono_ms() + kRestartDelayMs;
  session.finish_ok(call.id, "{\"restarting\":true}");
}

void Commands::set(Session& session, const CommandCall& call) {
  settings_json_ = merged(settings_json_, call.params_json);
  session.finish_ok(call.id, settings_json_);
}

void Commands::fail(Session& session, const CommandCall& call) {
  Order params;
  if (!params.read(call.params_json)) return session.finish_error(call.id, "bad_params", "not an object");
  session.finish_error(call.id, params.text("code", "failed"), params.text("message", "failed on purpose"));
}

void Commands::begin_slow(Session& session, const CommandCall& call) {
  Order params;
  const double seconds = params.read(call.params_json) ? params.number("seconds", 1) : -1;
  if (!(seconds >= 0 && seconds <= kSlowMaxS))
    return session.finish_error(call.id, "bad_params", "seconds is a number from 0 to 3600");
  const uint64_t now_ms = clock_.mono_ms();
  slow_.push_back({call.id, now_ms + ms_of(seconds / 2), now_ms + ms_of(seconds), seconds, false});
}

void Commands::cancel(Session& session, const std::string& id) {
  const auto found = std::find_if(slow_.begin(), slow_.end(), [&](const Slow& one) { return one.id == id; });
  if (found == slow_.end()) return;
  slow_.erase(found);
  session.finish_error(id.c_str(), "cancelled", "stopped when asked");  // [C-16]
}

void Commands::tick(Session& session) {
  const uint64_t now_ms = clock_.mono_ms();
  for (Slow& one : slow_) {
    if (!one.half_told && now_ms >= one.half_at_ms) session.progress(one.id.c_str(), 50, "half of it");
    one.half_told = one.half_told || now_ms >= one.half_at_ms;
    if (now_ms >= one.ends_at_ms)
      session.finish_ok(one.id.c_str(), "{\"waited_ms\":" + std::to_string(ms_of(one.seconds)) + "}");
  }
  const auto is_over = [&](const Slow& one) { return now_ms >= one.ends_at_ms; };
  slow_.erase(std::remove_if(slow_.begin(), slow_.end(), is_over), slow_.end());
}

}  // namespace fairlead::posix
