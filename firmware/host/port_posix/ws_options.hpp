#pragma once
#include <cstdint>

namespace fairlead::posix {

/** Times in ms; the defaults are those of the Arduino library where it has one. */
struct WsOptions {
  /**
   * As blind and as strict as links2004/WebSockets on an ESP32: no close code, no `Retry-After`, frames of at most
   * 15,360 bytes, the mask is zero, the certificate's dates are not checked and addresses only match DNS names.
   */
  bool like_links2004 = true;
  bool allow_tls13 = false;
  uint32_t resolve_timeout_ms = 15000;
  uint32_t connect_timeout_ms = 5000;
  /** The library waits for 120 s; the gateway ends a handshake after 10 s [L-25]. */
  uint32_t tls_timeout_ms = 15000;
  uint32_t header_timeout_ms = 5000;
  uint32_t write_timeout_ms = 5000;
  /** For the peer to close after our close frame. */
  uint32_t close_timeout_ms = 1000;
};

}  // namespace fairlead::posix
