#include "fairlead/session_handler.hpp"

namespace fairlead {

const char* session_state_text(SessionState state) {
  switch (state) {
    case SessionState::Unprovisioned: return "unprovisioned";
    case SessionState::LinkWait: return "waiting for the network";
    case SessionState::Backoff: return "waiting to connect";
    case SessionState::Opening: return "connecting";
    case SessionState::Hello: return "connected, not ready yet";
    case SessionState::Ready: return "ready";
    case SessionState::Leaving: return "leaving";
  }
  return "unknown";
}

}  // namespace fairlead
