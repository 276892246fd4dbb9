#pragma once
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "tls_client.hpp"
#include "upgrade.hpp"
#include "websocket_frames.hpp"
#include "ws_options.hpp"

namespace fairlead::posix {

/** One connection from open() to its end. Everything is asynchronous; handlers run inside WsBeast::poll alone. */
class WsConnection : public std::enable_shared_from_this<WsConnection> {
 public:
  WsConnection(boost::asio::io_context& io, const WsOptions& options, const OpenParams& params);
  void start();
  /** Who hears of what happens; null outside poll(). */
  void set_sink(TransportSink* sink) { sink_ = sink; }
  /** Takes a copy. False: not open, or too much waits already; the connection ends then. */
  bool send(Opcode opcode, ByteView payload);
  /** Says goodbye with 1000 where there is somebody to say it to, and ends. */
  void close();
  bool has_ended() const { return step_ == Step::Ended; }
  const Closed& closed() const { return closed_; }

 private:
  enum class Step : uint8_t { Resolving, Connecting, Securing, Upgrading, Open, Closing, Ended };
  template <class Next>
  auto then(OpenFail fail, Next next);
  void connect(const boost::asio::ip::tcp::resolver::results_type& found);
  void secure();
  void upgrade();
  void on_response();
  void read();
  void consume();
  void on_frame(const FrameHead& head, ByteView payload);
  void on_close_frame(ByteView payload);
  /** Ends an open connection with this close code of ours; `fail` is what the core learns. */
  void end_with(uint16_t close_code, OpenFail fail);
  void queue(Opcode opcode, ByteView payload);
  void flush();
  void on_written();
  void arm(uint32_t timeout_ms);
  void disarm();
  void on_late();
  void end(OpenFail fail, int native);

  const WsOptions options_;
  const OpenParams params_;
  boost::asio::ssl::context tls_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer deadline_;
  std::unique_ptr<TlsStream> stream_;
  const std::string key_;
  UpgradeRequest request_;
  boost::beast::http::response_parser<boost::beast::http::empty_body> response_;
  boost::beast::flat_buffer head_bytes_;
  std::array<uint8_t, 4096> chunk_;
  std::vector<uint8_t> in_;
  std::vector<uint8_t> out_now_;
  std::vector<uint8_t> out_next_;
  TransportSink* sink_ = nullptr;
  Closed closed_;
  Step step_ = Step::Resolving;
  uint32_t deadline_number_ = 0;
  bool writes_ = false;
};

}  // namespace fairlead::posix
