#include "device.hpp"

#include "report_line.hpp"

namespace fairlead::posix {

namespace {

/** 48 random bits [N-2]. */
std::string random_boot(Entropy& entropy) {
  const char* digits = "0123456789abcdef";
  std::string boot;
  for (uint64_t bits = uint64_t{entropy.u32()} << 32 | entropy.u32(); boot.size() < 12; bits >>= 4)
    boot += digits[bits & 0xF];
  return boot;
}

/** For programs; session_state_text() is for people. */
const char* state_name(SessionState state) {
  switch (state) {
    case SessionState::Unprovisioned: return "unprovisioned";
    case SessionState::LinkWait: return "link_wait";
    case SessionState::Backoff: return "backoff";
    case SessionState::Opening: return "opening";
    case SessionState::Hello: return "hello";
    case SessionState::Ready: return "ready";
    case SessionState::Leaving: return "leaving";
  }
  return "?";
}

bool is_waiting(SessionState state) { return state == SessionState::Backoff || state == SessionState::LinkWait; }

}  // namespace

Device::Device(const Arguments& arguments, std::string ca_pem)
    : arguments_(arguments),
      ca_pem_(std::move(ca_pem)),
      clock_(real_clock_, arguments.time_scale),
      store_(arguments.state_folder + "/store"),
      system_(arguments.state_folder),
      flash_((arguments.state_folder + "/flash").c_str(), arguments.flash_sectors),
      transport_([&] {
        WsOptions options;
        options.like_links2004 = arguments.like_links2004;
        options.allow_tls13 = !arguments.like_links2004;
        return options;
      }()),
      tap_(transport_),
      ports_{clock_, entropy_, store_, system_, tap_},
      outbox_({ring_.data(), ring_.size()}, flash_.ok() ? &flash_ : nullptr, clock_, entropy_),
      memory_(store_),
      tokens_(store_),
      guard_(store_, system_),
      session_(ports_, outbox_, memory_, tokens_, *this, {tx_buffer_.data(), tx_buffer_.size()},
               {rx_scratch_.data(), rx_scratch_.size()}),
      commands_(clock_, settings_json_) {
  boot_ = arguments.boot_name.empty() ? random_boot(entropy_) : arguments.boot_name;
}

bool Device::begin() {
  if (!flash_.ok()) report_problem("the flash file cannot be used: records are kept in RAM alone");
  guard_.begin(clock_.mono_ms());
  if (outbox_.begin(boot_) != Status::Ok) return report_problem("the outbox does not start"), false;
  if (memory_.begin() != Status::Ok) report_problem("the memory of commands cannot be read");
  const Status loaded = tokens_.begin();
  if (loaded != Status::Ok && loaded != Status::NotFound) return report_problem("the tokens cannot be read"), false;
  if (!provision()) return report_problem("the token is none, or cannot be stored"), false;
  configure();
  ReportLine("started")
      .text("boot", boot_)
      .boolean("software_reset", system_.reset_reason() == ResetReason::Software)
      .boolean("safe_mode", guard_.safe_mode())
      .number("unacknowledged", outbox_.unacknowledged());
  reported_unacknowledged_ = outbox_.unacknowledged();
  return true;
}

/** As a person does once at the console; later starts go by what the slots hold. */
bool Device::provision() {
  if (tokens_.has_token() || arguments_.token.empty()) return true;
  if (!arguments_.other_token.empty() && tokens_.provision(arguments_.other_token) != Status::Ok) return false;
  return tokens_.provision(arguments_.token) == Status::Ok;
}

void Device::configure() {
  SessionConfig config;
  config.host = arguments_.host.c_str();
  config.port = arguments_.port;
  config.ca_pem = ca_pem_.c_str();
  config.firmware = arguments_.firmware.c_str();
  config.model = arguments_.model.c_str();
  config.capabilities = kCommandNames;
  config.capability_count = kCommandCount;
  config.boot = boot_.c_str();
  session_.configure(config);
}

void Device::tick() {
  session_.tick();
  commands_.tick(session_);
  guard_.tick(clock_.mono_ms(), session_.state() == SessionState::Ready);
  const size_t unacknowledged = outbox_.unacknowledged();
  if (unacknowledged != reported_unacknowledged_) ReportLine("outbox").number("unacknowledged", unacknowledged);
  reported_unacknowledged_ = unacknowledged;
  if (session_.left() && !reported_left_) ReportLine("left");
  reported_left_ = session_.left();
  if (settings_json_ != reported_settings_json_) ReportLine("settings").json("settings", settings_json_);
  reported_settings_json_ = settings_json_;
  if (commands_.restart_due()) restart("asked by command");
}

void Device::on_command(const CommandCall& call) { commands_.run(session_, call); }

void Device::on_cancel(const char* id) {
  ReportLine("cancel").text("id", id);
  commands_.cancel(session_, id);
}

/** Takes over every key and reports all settings [M-12]. */
void Device::on_desired(uint64_t version, std::string_view state_json) {
  settings_json_ = merged(settings_json_, state_json);
  ReportLine("desired").number("version", version).json("state", state_json);
  session_.report_settings(version, settings_json_);
}

void Device::on_state(SessionState state) {
  clock_.set_waiting(is_waiting(state));
  ReportLine line("state");
  line.text("state", state_name(state)).number("session", session_.session_number());
  if (state != SessionState::Backoff) return;
  const uint64_t now_ms = clock_.mono_ms();
  const uint64_t retry_at_ms = session_.retry_at_ms();
  line.number("wait_ms", retry_at_ms > now_ms ? retry_at_ms - now_ms : 0);
}

void Device::restart(const char* why) {
  if (outbox_.flush() != Status::Ok) report_problem("the outbox is not on the flash");
  system_.restart(why);
}

}  // namespace fairlead::posix
