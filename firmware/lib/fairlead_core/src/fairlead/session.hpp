#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fairlead/bytes.hpp"
#include "fairlead/client_time.hpp"
#include "fairlead/command_runner.hpp"
#include "fairlead/control_frames.hpp"
#include "fairlead/gateway_message.hpp"
#include "fairlead/limits.hpp"
#include "fairlead/liveness.hpp"
#include "fairlead/ports.hpp"
#include "fairlead/recovery_ladder.hpp"
#include "fairlead/retry_policy.hpp"
#include "fairlead/session_handler.hpp"
#include "fairlead/uplink_window.hpp"

namespace fairlead {

class Outbox;
class CommandMemory;
class TokenSlots;
struct OutboxRecord;

/** Where to and as whom. Everything pointed to lives as long as the session. */
struct SessionConfig {
  const char* host = "";
  uint16_t port = 8443;
  const char* ca_pem = "";  ///< One or two roots.
  const char* firmware = "";
  const char* model = "";
  const std::string_view* capabilities = nullptr;
  size_t capability_count = 0;
  const char* boot = "";      ///< The id that Outbox::begin() was given [A-9].
  uint32_t next_wake_s = 0;   ///< For devices that sleep: told in `hello`; 0 = not promised.
};

/** What went past, for built-in telemetry and the console. */
struct SessionCounters {
  uint32_t opens = 0;            ///< Attempts to connect.
  uint32_t sessions = 0;         ///< Attempts that became ready.
  uint32_t records_sent = 0;     ///< Repeats of a later session included.
  uint32_t records_refused = 0;  ///< Final: by `nack`, or over the limits of this session.
  uint32_t strange_frames = 0;   ///< Not readable, of unknown type, or out of place.
  uint32_t tokens_not_stored = 0;
};

/**
 * One device's session with the gateway: connects, says hello, sends the outbox, hands on commands and settings, and
 * comes back after each end; it never gives up. It owns no task: call tick() every 10 … 20 ms. tick() itself never
 * waits; the transport's poll() may, for as long as a connect takes.
 *
 * Everything here, the outbox included, belongs to the task that calls tick(); so do the calls of SessionHandler. The
 * session calls Transport::send() also from within the sink's calls, but never open() or close().
 */
class Session : private TransportSink {
 public:
  /** `tx_buffer`: kFrameHeadroom + the largest frame to send. `rx_scratch`: one outbox record, kRecordMaxBytes. */
  Session(Ports& ports, Outbox& outbox, CommandMemory& memory, TokenSlots& tokens, SessionHandler& handler,
          MutableBytes tx_buffer, MutableBytes rx_scratch);

  /** Before the first tick, and again when something changed: a connection that is open ends first. */
  void configure(const SessionConfig& config);
  void tick();
  SessionState state() const { return state_; }

  /** News of a running command; the latest wins when they come fast. `percent` < 0: none. */
  void progress(const char* id, int percent, std::string_view text);
  /** The end of a command: stored first, sent when there is a session. Only the first one of an id counts. */
  void finish_ok(const char* id, std::string_view data_json);
  void finish_error(const char* id, std::string_view code, std::string_view message);

  /** The whole state the device runs with [M-12]; the latest is kept until it is sent. At most kReportedKeptBytes. */
  void report_settings(uint64_t version, std::string_view state_json);
  /** For people; kept while there is room, else dropped and counted [M-11]. */
  void log(std::string_view level, std::string_view text);
  /** Says `bye` and closes [S-6]. With `sleep_s` > 0 it comes back by then if the device still runs, else never. */
  void leave(uint32_t sleep_s);
  /** Nothing is open any more after leave(). */
  bool left() const { return leaving_for_good_ && !open_; }

  /** Unix time by the gateway's clock, never stepping back. False: not known yet. */
  bool wall_ms(uint64_t& ms) const;
  /** Of the present session, else of the last; 0 before the first [S-4]. */
  uint64_t session_number() const { return session_number_; }
  const Closed& last_closed() const { return last_closed_; }
  /** Code of the last `bye` of the gateway, 0 = none since the last open. */
  uint16_t last_bye_code() const { return bye_.has ? bye_.code : 0; }
  /** When the next attempt is due, by Clock::mono_ms(). */
  uint64_t retry_at_ms() const { return retry_at_ms_; }
  const SessionCounters& counters() const { return counters_; }
  const ControlFrames& control_frames() const { return control_; }
  const CommandRunner& commands() const { return runner_; }

 private:
  void on_open() override;
  void on_message(ByteView message, bool is_text) override;
  void on_alive() override;
  void on_closed(const Closed& closed) override;

  // session.cpp: the states
  void enter(SessionState state);
  void tick_closed(uint64_t now_ms);
  void tick_open(uint64_t now_ms);
  void wait_after_link(uint64_t now_ms);
  bool stays_away(uint64_t now_ms);
  bool is_provisioned() const;
  void open(uint64_t now_ms);
  bool write_authorization();
  void check_deadlines(uint64_t now_ms);
  void check_ready(uint64_t now_ms);
  void close_transport(OpenFail why);
  void plan_return(uint64_t now_ms);
  void note_outcome(const Ending& ending, uint64_t now_ms);
  void watch_network(uint64_t now_ms);
  void recover(Rescue rescue, uint64_t now_ms);
  void restart(const char* why, uint64_t now_ms);

  // session_uplink.cpp: what goes out
  bool may_send() const;
  MutableBytes frame_area() const;
  bool send_frame(size_t size, bool is_text = true);
  bool holds_for_token(uint64_t now_ms);
  Status write_record(const OutboxRecord& record, size_t& size);
  void send_hello();
  void send_control(uint64_t now_ms);
  void send_records();
  bool send_record(const OutboxRecord& record);
  void say_bye();

  // session_downlink.cpp: what comes in
  void on_gateway_message(const GatewayMessage& message);
  void on_welcome(const GatewayMessage& message);
  void on_ack(const GatewayMessage& message);
  void on_nack(const GatewayMessage& message);
  void on_command(const GatewayMessage& message);
  void on_desired(const GatewayMessage& message);
  void on_token(const GatewayMessage& message);
  void on_bye(const GatewayMessage& message);
  std::string_view boot_of(const GatewayMessage& message) const;

  Ports& ports_;
  Outbox& outbox_;
  TokenSlots& tokens_;
  SessionHandler& handler_;
  MutableBytes tx_buffer_;
  MutableBytes rx_scratch_;

  SessionConfig config_;
  SessionState state_ = SessionState::Unprovisioned;
  RetryPolicy retry_;
  RecoveryLadder ladder_;
  CommandRunner runner_;
  ControlFrames control_;
  ControlRate rate_;
  UplinkWindow window_;
  Liveness liveness_;
  ClientTime time_;
  SessionCounters counters_;

  OpenParams params_;
  char authorization_[limits::kTokenMaxBytes + 8] = {};  ///< `Bearer ` and the token; valid until on_closed.
  bool started_ = false;
  bool open_ = false;            ///< Between Transport::open() and on_closed.
  bool was_opened_ = false;      ///< The 101 came.
  bool was_ready_ = false;
  bool hello_due_ = false;
  bool bye_due_ = false;
  bool close_due_ = false;       ///< New settings: close as soon as the transport is not in poll().
  bool close_called_ = false;
  OpenFail close_why_ = OpenFail::None;
  bool keep_token_ = false;      ///< The next attempt is the other slot's turn [H-13].
  bool waits_on_advice_ = false;  ///< The gateway answered: this wait is no silence.
  bool first_wait_drawn_ = false;
  bool leaving_for_good_ = false;
  uint32_t sleep_s_ = 0;
  uint64_t entered_at_ms_ = 0;
  uint64_t sleep_until_ms_ = 0;
  uint64_t ready_at_ms_ = 0;
  uint64_t retry_at_ms_ = 0;
  uint64_t session_number_ = 0;
  uint64_t desired_version_ = 0;
  size_t payload_limit_bytes_ = 0;
  size_t frame_limit_bytes_ = 0;
  bool token_ended_ = false;  ///< The gateway said so: the next session may be one that only rotates [K-10].
  ByeHint bye_;
  Closed last_closed_;
};

}  // namespace fairlead
