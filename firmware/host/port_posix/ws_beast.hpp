#pragma once
#include <boost/asio/io_context.hpp>
#include <memory>

#include "fairlead/ports.hpp"
#include "ws_options.hpp"

namespace fairlead::posix {

class WsConnection;

/**
 * WebSocket over TLS for Linux: Asio and OpenSSL for the socket, Beast for the handshake. It never blocks: poll()
 * moves everything on. By default it sees and does no more than the Arduino library on an ESP32.
 */
class WsBeast final : public Transport {
 public:
  explicit WsBeast(const WsOptions& options = {});
  ~WsBeast() override;
  void open(const OpenParams& params) override;
  void poll(TransportSink& sink) override;
  bool send(MutableBytes frame, bool is_text) override;
  bool ping() override;
  void close() override;

 private:
  const WsOptions options_;
  boost::asio::io_context io_;
  std::shared_ptr<WsConnection> connection_;
};

}  // namespace fairlead::posix
