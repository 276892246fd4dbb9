#pragma once
#include <cstdint>
#include <string_view>

namespace fairlead {

enum class SessionState : uint8_t {
  Unprovisioned,  ///< No gateway, CA or token yet.
  LinkWait,       ///< No network below the socket.
  Backoff,        ///< Until Session::retry_at_ms().
  Opening,        ///< DNS, TCP, TLS, the 101.
  Hello,          ///< `hello` sent, no `welcome` yet.
  Ready,          ///< `welcome` came [S-3].
  Leaving,        ///< A `bye` was said by either side; nothing more is sent.
};

/** A short name for logs and the console. */
const char* session_state_text(SessionState state);

/** A command that must run now, once. The texts are gone after the call. */
struct CommandCall {
  const char* id;
  const char* name;
  std::string_view params_json;
  uint64_t expires_in_ms;  ///< [C-13]
};

/** What the session tells the application. Called from the task of Session::tick(): hand on and return. */
struct SessionHandler {
  virtual ~SessionHandler() = default;
  /** Whether there is a command of this name. One that is not is refused before anything is stored or accepted [C-17]. */
  virtual bool knows(const char* name) const = 0;
  /** The id is stored and `accepted` is sent. Answer by Session::finish_ok() or finish_error(), also from within. */
  virtual void on_command(const CommandCall& call) = 0;
  /** Somebody wants a running command stopped; it may run on [C-16]. */
  virtual void on_cancel(const char* id) = 0;
  /** Take it, then Session::report_settings() [M-12]. An older version than one before never comes. */
  virtual void on_desired(uint64_t version, std::string_view state_json) = 0;
  virtual void on_state(SessionState state) = 0;
};

}  // namespace fairlead
