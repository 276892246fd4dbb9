#include "fairlead/session.hpp"

#include <cstring>

#include "fairlead/outbox.hpp"
#include "fairlead/token_slots.hpp"

namespace fairlead {

namespace {

/** The longest a legal connect takes on an ESP32: DNS 31 s, TCP 5 s, TLS 120 s, the answer 5 s. */
constexpr uint64_t kOpeningMaxMs = 180000;
/** `welcome` waits for an older session [S-5]; longer than this is a gateway that hangs. */
constexpr uint64_t kWelcomeMaxMs = 60000;
/** After a `bye` of either side the close follows at once, or the connection is cut. */
constexpr uint64_t kLeavingMaxMs = 2000;
constexpr char kBearer[] = "Bearer ";

}  // namespace

Session::Session(Ports& ports, Outbox& outbox, CommandMemory& memory, TokenSlots& tokens, SessionHandler& handler,
                 MutableBytes tx_buffer, MutableBytes rx_scratch)
    : ports_(ports),
      outbox_(outbox),
      tokens_(tokens),
      handler_(handler),
      tx_buffer_(tx_buffer),
      rx_scratch_(rx_scratch),
      retry_(ports.entropy),
      ladder_(ports.store),
      runner_(memory) {}

void Session::configure(const SessionConfig& config) {
  config_ = config;
  leaving_for_good_ = false;
  close_due_ = open_;
  retry_at_ms_ = 0;  // a person is waiting; the wait after a start is drawn all the same
}

bool Session::is_provisioned() const {
  return config_.host[0] != '\0' && config_.ca_pem[0] != '\0' && tokens_.has_token();
}

void Session::enter(SessionState state) {
  if (state == state_) return;
  state_ = state;
  entered_at_ms_ = ports_.clock.mono_ms();
  handler_.on_state(state);
}

void Session::tick() {
  const uint64_t now_ms = ports_.clock.mono_ms();
  if (!started_) ladder_.begin(now_ms);
  started_ = true;
  watch_network(now_ms);
  if (open_) tick_open(now_ms);
  else tick_closed(now_ms);
  outbox_.tick();
}

void Session::tick_closed(uint64_t now_ms) {
  if (stays_away(now_ms)) return;
  if (!is_provisioned()) return enter(SessionState::Unprovisioned);
  if (!ports_.system.link_up()) return enter(SessionState::LinkWait);
  if (state_ != SessionState::Backoff) wait_after_link(now_ms);
  if (now_ms >= retry_at_ms_) open(now_ms);
}

/** After leave(): until it would wake, or for good. */
bool Session::stays_away(uint64_t now_ms) {
  if (!leaving_for_good_) return false;
  if (sleep_s_ == 0 || now_ms < sleep_until_ms_) return true;
  leaving_for_good_ = false;
  return false;
}

/** Whole sites find their network again at one moment, so nobody connects in that moment. */
void Session::wait_after_link(uint64_t now_ms) {
  if (!first_wait_drawn_) {
    retry_at_ms_ = now_ms + retry_.first_delay_ms(ports_.system.reset_reason());
  } else if (retry_at_ms_ <= now_ms && state_ == SessionState::LinkWait) {
    retry_at_ms_ = now_ms + retry_.link_back_delay_ms();
  }
  first_wait_drawn_ = true;
  enter(SessionState::Backoff);
}

void Session::open(uint64_t now_ms) {
  if (!keep_token_) tokens_.use_first();
  keep_token_ = false;
  if (!write_authorization()) return enter(SessionState::Unprovisioned);
  params_.host = config_.host;
  params_.port = config_.port;
  params_.ca_pem = config_.ca_pem;
  params_.authorization = authorization_;
  open_ = true;
  was_opened_ = was_ready_ = hello_due_ = bye_due_ = close_due_ = close_called_ = false;
  close_why_ = OpenFail::None;
  bye_ = ByeHint{};
  counters_.opens++;
  retry_.note_attempt(now_ms);
  enter(SessionState::Opening);
  ports_.transport.open(params_);
}

bool Session::write_authorization() {  // [H-1]; written before each connect, so a rotated token is used
  constexpr size_t kPrefix = sizeof kBearer - 1;
  const char* token = tokens_.current();
  const size_t size = std::strlen(token);
  if (size == 0 || kPrefix + size >= sizeof authorization_) return false;
  std::memcpy(authorization_, kBearer, kPrefix);
  std::memcpy(authorization_ + kPrefix, token, size + 1);
  return true;
}

void Session::tick_open(uint64_t now_ms) {
  ports_.transport.poll(*this);
  now_ms = ports_.clock.mono_ms();  // poll() may have taken long, and what it read counts as life
  if (!open_) return;
  if (close_due_) close_transport(OpenFail::None);
  check_deadlines(now_ms);
  if (hello_due_ && may_send()) send_hello();
  if (state_ == SessionState::Ready) {
    if (now_ms - ready_at_ms_ >= kStableMs) ladder_.note_stable();
    send_control(now_ms);
    if (!holds_for_token(now_ms)) send_records();
  }
  if (bye_due_ && may_send()) say_bye();
}

void Session::check_deadlines(uint64_t now_ms) {
  const uint64_t here_ms = now_ms - entered_at_ms_;
  if (state_ == SessionState::Opening && here_ms >= kOpeningMaxMs) return close_transport(OpenFail::Timeout);
  if (state_ == SessionState::Hello && here_ms >= kWelcomeMaxMs) return close_transport(OpenFail::Timeout);
  if (state_ == SessionState::Leaving && here_ms >= kLeavingMaxMs) return close_transport(OpenFail::None);
  if (!may_send()) return;
  const Liveness::Verdict verdict = liveness_.check(now_ms);  // [S-11]
  if (verdict == Liveness::Verdict::Dead) return close_transport(OpenFail::Timeout);
  if (verdict == Liveness::Verdict::PingNow && !ports_.transport.ping()) enter(SessionState::Leaving);
}

/** Nothing is sent from here on; on_closed follows. */
void Session::close_transport(OpenFail why) {
  if (close_called_) return;
  close_called_ = true;
  close_why_ = why;
  enter(SessionState::Leaving);
  ports_.transport.close();
}

void Session::on_open() {
  if (!open_ || state_ != SessionState::Opening) return;
  was_opened_ = true;
  hello_due_ = true;
  liveness_.start(SessionLimits{}, ports_.clock.mono_ms());
  enter(SessionState::Hello);
}

void Session::on_alive() { liveness_.life(ports_.clock.mono_ms()); }

void Session::on_closed(const Closed& closed) {
  if (!open_) return;
  open_ = false;
  last_closed_ = closed;
  if (closed.fail == OpenFail::None) last_closed_.fail = close_why_;
  outbox_.set_online(false);
  control_.forget_session();
  const uint64_t now_ms = ports_.clock.mono_ms();
  if (leaving_for_good_) return enter(SessionState::Leaving);
  if (close_due_) return enter(SessionState::Backoff);  // new settings: at once
  plan_return(now_ms);
}

void Session::plan_return(uint64_t now_ms) {
  Ending ending;
  ending.closed = last_closed_;
  ending.bye = bye_;
  ending.was_opened = was_opened_;
  ending.was_ready = was_ready_;
  ending.ready_ms = was_ready_ ? now_ms - ready_at_ms_ : 0;
  const RetryPlan plan = retry_.next(ending, tokens_.has_other(), now_ms);
  retry_at_ms_ = now_ms + plan.delay_ms;
  if (plan.action == RetryAction::UseOtherToken) keep_token_ = tokens_.use_other();  // [H-13]
  enter(SessionState::Backoff);
  note_outcome(ending, now_ms);
  if (plan.action == RetryAction::AskRestart && ladder_.may_restart_for_memory(now_ms)) {
    restart("no memory for TLS", now_ms);
  }
}

/** Only an attempt that nobody answered speaks against the network; a refusal or a `bye` proves that it works. */
void Session::note_outcome(const Ending& ending, uint64_t now_ms) {
  waits_on_advice_ = ending.bye.has || ending.closed.http_status != 0;
  if (waits_on_advice_) return ladder_.note_answer();
  const OpenFail fail = ending.closed.fail;
  const bool unanswered = fail == OpenFail::Dns || fail == OpenFail::Tcp || fail == OpenFail::Tls ||
                          fail == OpenFail::Timeout || fail == OpenFail::None;
  if (!ending.was_opened && unanswered && ports_.system.link_up()) recover(ladder_.note_failure(), now_ms);
}

void Session::watch_network(uint64_t now_ms) {
  const bool waits_on_purpose = state_ == SessionState::Backoff && waits_on_advice_;
  if (state_ == SessionState::Unprovisioned || leaving_for_good_ || waits_on_purpose) return ladder_.pause(now_ms);
  recover(ladder_.check(ports_.system.link_up(), state_ == SessionState::Ready, now_ms), now_ms);
}

void Session::recover(Rescue rescue, uint64_t now_ms) {
  if (rescue == Rescue::AssociateAgain) ports_.system.recover_link(1);
  if (rescue == Rescue::RadioOffOn) ports_.system.recover_link(2);
  if (rescue == Rescue::Restart) restart("no session for too long", now_ms);
}

void Session::restart(const char* why, uint64_t now_ms) {
  (void)outbox_.flush();  // without flash there is nowhere to save to, and the restart is due all the same
  ladder_.note_restart(now_ms);
  ports_.system.restart(why);
}

void Session::leave(uint32_t sleep_s) {
  leaving_for_good_ = true;
  sleep_s_ = sleep_s < limits::kSleepMaxS ? sleep_s : limits::kSleepMaxS;  // [L-22]
  sleep_until_ms_ = ports_.clock.mono_ms() + uint64_t{sleep_s_} * 1000;
  retry_at_ms_ = sleep_s_ == 0 ? UINT64_MAX : sleep_until_ms_;
  if (may_send()) bye_due_ = true;
  else if (open_) close_due_ = true;
  else enter(SessionState::Leaving);
}

bool Session::wall_ms(uint64_t& ms) const { return time_.get(ports_.clock.mono_ms(), ms); }

}  // namespace fairlead
