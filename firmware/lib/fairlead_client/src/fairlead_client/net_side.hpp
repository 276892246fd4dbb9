#pragma once
#include <cstdint>
#include <string_view>

#include "fairlead/limits.hpp"
#include "fairlead/outbox.hpp"
#include "fairlead/ports.hpp"
#include "fairlead/record_class.hpp"
#include "fairlead/session_handler.hpp"
#include "link.hpp"

namespace fairlead {

/** Where the network's task puts what the sketch said. Texts of commands are NUL-terminated ids. */
struct Uplink {
  virtual ~Uplink() = default;
  /** False: the outbox refused it, which the outbox counts too. */
  virtual bool telemetry(RecordClass cls, std::string_view key, std::string_view values_json, uint64_t born_mono_ms) = 0;
  virtual bool event(std::string_view name, std::string_view data_json, uint64_t born_mono_ms) = 0;
  virtual bool channel(RecordClass cls, std::string_view name, std::string_view payload, uint64_t born_mono_ms) = 0;
  virtual void progress(const char* id, int percent, std::string_view text) = 0;
  virtual void succeeded(const char* id, std::string_view data_json) = 0;
  virtual void failed(const char* id, std::string_view code, std::string_view message) = 0;
  virtual void reported(uint64_t version, std::string_view state_json) = 0;
  virtual void log(std::string_view level, std::string_view text) = 0;
  virtual void leave(uint32_t sleep_s) = 0;
  virtual bool left() = 0;
  virtual size_t unacknowledged() = 0;
  virtual OutboxStats stats() = 0;
  /** Everything that is left to flash. */
  virtual void flush() = 0;
  virtual void restart(const char* why) = 0;
};

/** Between what was said last and the `bye`: lets the result of the command that asked for it go out. */
constexpr uint64_t kLastWordsMs = 500;
/** How often the counters of the outbox are shown to the sketch's side. */
constexpr uint64_t kStatsIntervalMs = 1000;
/** A gateway that does not answer must not keep a device from its restart or sleep. */
constexpr uint64_t kLeaveMaxMs = 3000;

/** The network's end of the mailboxes. Everything here belongs to the network's task. */
class NetSide final : public SessionHandler {
 public:
  explicit NetSide(Clock& clock) : clock_(clock) {}
  /** Before the first turn() and before the session ticks. */
  void bind(Link& link, Uplink& uplink, const CommandNames& commands);
  /** One turn: what the sketch said, and what it has not taken yet. */
  void turn();

  bool knows(const char* name) const override { return commands_->has_command(name); }
  void on_command(const CommandCall& call) override;
  void on_cancel(const char* id) override;
  void on_desired(uint64_t version, std::string_view state_json) override;
  void on_state(SessionState state) override;

 private:
  void deliver(const Letter& letter);
  void plan_leave(uint32_t sleep_s);
  void tend_leave();
  void offer_desired();
  void show_stats();

  Clock& clock_;
  Link* link_ = nullptr;
  Uplink* uplink_ = nullptr;
  const CommandNames* commands_ = nullptr;
  enum class Leaving : uint8_t { No, Planned, Said, Done } leaving_ = Leaving::No;
  uint64_t leave_at_ms_ = 0;
  uint64_t stats_at_ms_ = 0;
  uint32_t sleep_s_ = 0;
  bool restart_after_ = false;
  char restart_why_[limits::kLabelMaxBytes + 1] = {};
  bool has_desired_ = false;  ///< The mailbox had no room; the newest wish waits here and is never lost.
  uint64_t desired_version_ = 0;
  size_t desired_size_ = 0;
  char desired_[limits::kParamsMaxBytes];
};

}  // namespace fairlead
