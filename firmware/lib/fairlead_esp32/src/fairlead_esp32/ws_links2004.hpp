#pragma once
#include <WebSocketsClient.h>

#include "fairlead/ports.hpp"

static_assert(WEBSOCKETS_VERSION_INT >= 2007003, "older versions hang in loop() and hide the HTTP status");

namespace fairlead {

/**
 * The Transport on links2004/WebSockets 2.7.3. What this library cannot see stays 0 in Closed: close codes,
 * Retry-After. It is a subclass because runCbEvent is the way to the events without std::function and _client the only
 * way to the cause of a failed connect. One task owns the object; it belongs in static storage.
 */
class WsLinks2004 final : public Transport, private WebSocketsClient {
 public:
  WsLinks2004();
  void open(const OpenParams& params) override;
  /** Blocks while it connects: DNS up to 31 s, TCP 5 s, TLS up to 120 s, then 5 s for the answer. */
  void poll(TransportSink& sink) override;
  bool send(MutableBytes frame, bool is_text) override;
  bool ping() override;
  void close() override;

 private:
  enum class Stage : uint8_t { Closed, Opening, Open, Ended };

  void runCbEvent(WStype_t type, uint8_t* payload, size_t length) override;
  void on_connected();
  void on_disconnected(const char* reason, size_t length);
  void turn();
  void connect_failed();
  void end(OpenFail fail, uint16_t http_status = 0, int32_t native = 0);
  /** Ends once the library is not in the middle of something. */
  void end_later(OpenFail fail, uint16_t http_status = 0);
  void drop_connection();
  bool has_more();

  Stage stage_ = Stage::Closed;
  TransportSink* sink_ = nullptr;  ///< Inside poll() only.
  Closed closed_;
  bool drop_due_ = false;
  OpenFail drop_fail_ = OpenFail::None;
  uint16_t drop_status_ = 0;
  const char* subprotocol_ = "";
};

}  // namespace fairlead
