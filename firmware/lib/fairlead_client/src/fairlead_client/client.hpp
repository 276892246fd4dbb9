#pragma once
#include <cstdint>
#include <string_view>

#include "channel.hpp"
#include "command.hpp"
#include "fairlead/ports.hpp"
#include "link.hpp"
#include "setting.hpp"
#include "telemetry.hpp"

namespace fairlead {

/** What was dropped on this side of the mailbox, and why; all since start. */
struct ClientCounters {
  uint32_t mailbox_full = 0;      ///< Readings, events or log lines that found no room; a Latest one is tried again.
  uint32_t not_finite = 0;        ///< NaN or infinity assigned [T-3].
  uint32_t texts_cut = 0;         ///< Texts assigned that were longer than declared.
  uint32_t channel_too_large = 0; ///< Frames larger than a record [L-2].
  uint32_t commands_expired = 0;  ///< Arrived in time, but loop() came too late [C-13].
  uint32_t store_failures = 0;    ///< Settings that flash did not take; they are tried again.
};

/** Settings as one value in the store: all together and with their version, so that a power cut cannot tear them. */
constexpr size_t kSettingsBytes = 1024;
/** Changes by the sketch are stored at most so often: NVS wears. */
constexpr uint64_t kSettingsStoreIntervalMs = 10000;
/** Signal, heap. */
constexpr uint64_t kBuiltInIntervalMs = 60000;

/**
 * The sketch's side, free of Arduino: knows what was declared, runs handlers, fills the mailbox. Everything here is
 * called from one task, the one of loop(). Allocates nothing.
 */
class Client : public CommandNames {
 public:
  /** Both texts are static; they stand in `hello`. */
  Client(const char* model, const char* firmware) : model_(model), firmware_(firmware) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /** Checks the declarations and loads the settings. Invalid: see problem(). */
  Status start(Clock& clock, System& system, KeyValueStore& settings);
  /** One turn: commands, settings, telemetry. Never blocks longer than the handlers and a write to flash. */
  void turn();

  /** Something that happened [T-6]; `data_json` is valid JSON. False when the mailbox is full. */
  bool event(std::string_view name, std::string_view data_json = "null");
  /** A line for people: `debug`, `info`, `warn` or `error`. May be lost [M-11]. */
  bool log(std::string_view level, std::string_view text);
  /** News of a call that later() answered. `percent` below 0: not known. */
  bool progress(std::string_view id, int percent, std::string_view text = "");
  /** The answer to a call that later() answered. False: no room now, try again. */
  bool finish(std::string_view id, const CommandResult& result);
  /** Restart after what was said is sent and the outbox is in flash. */
  bool restart(std::string_view why);
  /** Leaves on purpose [S-6]; Link::left says when it is done. */
  bool leave(uint32_t sleep_s);

  bool has_command(std::string_view name) const override { return takes_commands_ && find_command(name) != nullptr; }
  /** Before the network's task runs. False: the sketch does not run, so a command is refused and not left to wait. */
  void take_commands(bool takes) { takes_commands_ = takes; }
  bool started() const { return clock_ != nullptr; }
  /** Whether the gateway has said welcome [S-3]. */
  bool ready() const { return link_.ready.load(std::memory_order_acquire); }
  /** Records that the bus does not hold yet, those still in the mailbox not counted. */
  uint32_t unacknowledged() const { return link_.unacknowledged.load(std::memory_order_acquire); }
  bool all_sent() const { return link_.up.empty() && unacknowledged() == 0; }
  const ClientCounters& counters() const { return counters_; }
  /** Which declaration start() refused, and why. */
  const char* problem() const { return problem_; }
  const char* problem_name() const { return problem_name_; }
  const char* model() const { return model_; }
  const char* firmware() const { return firmware_; }
  uint64_t settings_version() const { return settings_version_; }
  Link& link() { return link_; }

 private:
  friend class TelemetryBase;
  friend class SettingBase;
  friend class Command;
  friend class Channel;

  uint64_t now_ms() const { return clock_->mono_ms(); }
  bool send(UpLetter kind, int32_t small, uint64_t number, std::string_view a, std::string_view b = {}, std::string_view c = {});
  bool refuse_declaration(const char* problem, const char* name);
  bool check_declarations();
  void read_letters();
  void run_command(const Letter& letter);
  Command* find_command(std::string_view name) const;
  CommandResult call(const Letter& letter);
  void pass_cancel(std::string_view id);
  void take_desired(uint64_t version, std::string_view state_json);
  void load_settings();
  size_t write_settings(bool with_version);
  bool store_settings();
  void tend_settings();
  void report_built_ins();

  const char* model_;
  const char* firmware_;
  Clock* clock_ = nullptr;
  System* system_ = nullptr;
  KeyValueStore* store_ = nullptr;
  TelemetryBase* first_telemetry_ = nullptr;
  SettingBase* first_setting_ = nullptr;
  Command* first_command_ = nullptr;
  Channel* first_channel_ = nullptr;
  const char* problem_ = "";
  const char* problem_name_ = "";
  ClientCounters counters_;
  uint64_t settings_version_ = 0;
  uint64_t settings_stored_at_ms_ = 0;
  bool takes_commands_ = true;
  bool settings_dirty_ = false;    ///< Flash holds something else.
  bool settings_news_ = false;     ///< The gateway was told something else.
  uint32_t reported_in_ready_ = 0; ///< Of which session, as ready_count counts them.
  uint64_t built_ins_at_ms_ = 0;
  bool built_ins_sent_ = false;
  uint8_t settings_bytes_[kSettingsBytes];
  Link link_;
};

}  // namespace fairlead
