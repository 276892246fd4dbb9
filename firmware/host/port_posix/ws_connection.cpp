#include "ws_connection.hpp"

#include <openssl/rand.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>

namespace fairlead::posix {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/** WEBSOCKETS_MAX_DATA_SIZE of the Arduino library. */
constexpr uint64_t kBlindFrameMaxBytes = 15 * 1024;
constexpr uint64_t kFrameMaxBytes = 64 * 1024;
/** Twice the window [L-8]: more can only wait for a peer that does not read. */
constexpr size_t kOutputMaxBytes = 64 * 1024;
/** [L-25] */
constexpr uint32_t kHeadersMaxBytes = 8 * 1024;

constexpr uint16_t kCloseNormal = 1000;
constexpr uint16_t kCloseProtocolError = 1002;
constexpr uint16_t kCloseUnsupported = 1003;
constexpr uint16_t kCloseTooBig = 1009;

TlsOptions tls_options(const WsOptions& options) { return {options.allow_tls13, options.like_links2004}; }

}  // namespace

WsConnection::WsConnection(asio::io_context& io, const WsOptions& options, const OpenParams& params)
    : options_(options), params_(params), tls_(asio::ssl::context::tls_client), resolver_(io), deadline_(io),
      key_(make_websocket_key()), request_(make_upgrade_request(params, key_)) {
  response_.header_limit(kHeadersMaxBytes);
  response_.skip(true);
}

/** A handler that keeps this alive, ends the connection on an error, and does nothing once it has ended. */
template <class Next>
auto WsConnection::then(OpenFail fail, Next next) {
  return [self = shared_from_this(), fail, next](const error_code& error, const auto&... result) {
    if (self->has_ended()) return;
    if (!error) return next(*self, result...);
    const bool certificate = fail == OpenFail::Tls && tls_failure(*self->stream_) == OpenFail::TlsCertificate;
    self->end(certificate ? OpenFail::TlsCertificate : fail, error.value());
  };
}

void WsConnection::start() {
  if (!set_up_tls(tls_, params_.ca_pem, tls_options(options_))) return end(OpenFail::TlsCertificate, 0);
  stream_ = std::make_unique<TlsStream>(tcp::socket(resolver_.get_executor()), tls_);
  arm(options_.resolve_timeout_ms);
  resolver_.async_resolve(params_.host, std::to_string(params_.port), tcp::resolver::numeric_service,
                          then(OpenFail::Dns, [](WsConnection& self, const auto& found) { self.connect(found); }));
}

void WsConnection::connect(const tcp::resolver::results_type& found) {
  step_ = Step::Connecting;
  arm(options_.connect_timeout_ms);
  asio::async_connect(stream_->lowest_layer(), found,
                      then(OpenFail::Tcp, [](WsConnection& self, const auto&) { self.secure(); }));
}

void WsConnection::secure() {
  step_ = Step::Securing;
  arm(options_.tls_timeout_ms);
  error_code ignored;
  stream_->lowest_layer().set_option(tcp::no_delay(true), ignored);
  expect_host(*stream_, params_.host, tls_options(options_));
  stream_->async_handshake(asio::ssl::stream_base::client,
                           then(OpenFail::Tls, [](WsConnection& self) { self.upgrade(); }));
}

void WsConnection::upgrade() {
  step_ = Step::Upgrading;
  arm(options_.header_timeout_ms);
  http::async_write(*stream_, request_, then(OpenFail::Protocol, [](WsConnection& self, size_t) {
    http::async_read_header(*self.stream_, self.head_bytes_, self.response_,
                            self.then(OpenFail::Protocol, [](WsConnection& that, size_t) { that.on_response(); }));
  }));
}

void WsConnection::on_response() {
  disarm();
  closed_ = judge_upgrade_response(response_.get(), params_, key_, options_.like_links2004);
  if (closed_.fail == OpenFail::Http && options_.like_links2004) {
    // The Arduino library says this to a server that refuses it; the gateway must not mind.
    const ByteView farewell = bytes_of("This is a webSocket client!");
    step_ = Step::Closing;
    out_next_.assign(farewell.data, farewell.data + farewell.size);
    flush();
    return read();
  }
  if (closed_.fail != OpenFail::None) return end(closed_.fail, 0);
  step_ = Step::Open;
  const auto early = head_bytes_.data();
  const auto* bytes = static_cast<const uint8_t*>(early.data());
  in_.assign(bytes, bytes + early.size());
  if (sink_ != nullptr) sink_->on_open();
  consume();
  read();
}

void WsConnection::read() {
  if (has_ended()) return;
  stream_->async_read_some(asio::buffer(chunk_), then(OpenFail::None, [](WsConnection& self, size_t size) {
    const auto* bytes = self.chunk_.data();
    if (self.step_ == Step::Open) self.in_.insert(self.in_.end(), bytes, bytes + size);
    self.consume();
    self.read();
  }));
}

void WsConnection::consume() {
  const uint64_t frame_max_bytes = options_.like_links2004 ? kBlindFrameMaxBytes : kFrameMaxBytes;
  size_t at = 0;
  while (step_ == Step::Open) {
    FrameHead head;
    const ByteView rest{in_.data() + at, in_.size() - at};
    const HeadResult result = read_frame_head(rest, head);
    if (result == HeadResult::NeedMore) break;
    if (result == HeadResult::Invalid) return end_with(kCloseProtocolError, OpenFail::Protocol);
    if (head.payload_bytes > frame_max_bytes)
      return end_with(kCloseTooBig, options_.like_links2004 ? OpenFail::None : OpenFail::Protocol);
    const auto payload_bytes = static_cast<size_t>(head.payload_bytes);
    if (rest.size < head.bytes + payload_bytes) break;
    on_frame(head, {rest.data + head.bytes, payload_bytes});
    at += head.bytes + payload_bytes;
  }
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(at));
}

void WsConnection::on_frame(const FrameHead& head, ByteView payload) {
  switch (head.opcode) {
    case Opcode::Text:
    case Opcode::Binary:
      // The gateway never sends fragments [M-1], and the Arduino library does not put them together.
      if (!head.is_last) return end_with(kCloseUnsupported, OpenFail::Protocol);
      if (sink_ != nullptr) sink_->on_message(payload, head.opcode == Opcode::Text);
      return;
    case Opcode::Continuation:
      return end_with(kCloseUnsupported, OpenFail::Protocol);
    case Opcode::Ping:
      queue(Opcode::Pong, payload);
      if (sink_ != nullptr && step_ == Step::Open) sink_->on_alive();
      return;
    case Opcode::Pong:
      if (sink_ != nullptr) sink_->on_alive();
      return;
    case Opcode::Close:
      return on_close_frame(payload);
  }
}

void WsConnection::on_close_frame(ByteView payload) {
  const auto code = payload.size < 2 ? uint16_t{0} : static_cast<uint16_t>(payload.data[0] << 8 | payload.data[1]);
  const bool blind = options_.like_links2004;
  closed_.close_code = blind ? uint16_t{0} : code;
  end_with(blind || code == 0 ? kCloseNormal : code, OpenFail::None);
}

void WsConnection::end_with(uint16_t close_code, OpenFail fail) {
  closed_.fail = fail;
  const uint8_t payload[2] = {static_cast<uint8_t>(close_code >> 8), static_cast<uint8_t>(close_code)};
  queue(Opcode::Close, {payload, sizeof payload});
  if (has_ended()) return;
  step_ = Step::Closing;
  if (!writes_) arm(options_.close_timeout_ms);
}

bool WsConnection::send(Opcode opcode, ByteView payload) {
  if (step_ != Step::Open) return false;
  queue(opcode, payload);
  return !has_ended();
}

void WsConnection::close() {
  if (step_ == Step::Open) return end_with(kCloseNormal, OpenFail::None);
  if (step_ < Step::Open) end(OpenFail::None, 0);
}

void WsConnection::queue(Opcode opcode, ByteView payload) {
  if (out_next_.size() + out_now_.size() + kFrameHeadMaxBytes + payload.size > kOutputMaxBytes)
    return end(OpenFail::None, ENOBUFS);
  uint8_t mask[4] = {};  // zero, as the Arduino library sends from a buffer with room for the header
  if (!options_.like_links2004 && RAND_bytes(mask, sizeof mask) != 1) std::abort();
  uint8_t head[kFrameHeadMaxBytes];
  const size_t head_bytes = write_frame_head(opcode, payload.size, mask, head);
  out_next_.insert(out_next_.end(), head, head + head_bytes);
  for (size_t i = 0; i < payload.size; ++i) out_next_.push_back(static_cast<uint8_t>(payload.data[i] ^ mask[i % 4]));
  flush();
}

void WsConnection::flush() {
  if (writes_ || out_next_.empty()) return;
  writes_ = true;
  out_now_.swap(out_next_);
  arm(options_.write_timeout_ms);
  asio::async_write(*stream_, asio::buffer(out_now_),
                    then(OpenFail::None, [](WsConnection& self, size_t) { self.on_written(); }));
}

void WsConnection::on_written() {
  writes_ = false;
  out_now_.clear();
  disarm();
  if (!out_next_.empty()) return flush();
  if (step_ == Step::Closing) arm(options_.close_timeout_ms);
}

void WsConnection::arm(uint32_t timeout_ms) {
  const uint32_t number = ++deadline_number_;
  deadline_.expires_after(std::chrono::milliseconds(timeout_ms));
  deadline_.async_wait([self = shared_from_this(), number](const error_code& error) {
    if (!error && number == self->deadline_number_) self->on_late();
  });
}

void WsConnection::disarm() {
  ++deadline_number_;
  deadline_.cancel();
}

void WsConnection::on_late() { end(step_ < Step::Open ? OpenFail::Timeout : closed_.fail, ETIMEDOUT); }

/** What was known of the end before, as the status of a refusal, stays. */
void WsConnection::end(OpenFail fail, int native) {
  if (has_ended()) return;
  if (step_ != Step::Closing) closed_.fail = fail;
  closed_.native = native;
  step_ = Step::Ended;
  disarm();
  resolver_.cancel();
  error_code ignored;
  if (stream_) stream_->lowest_layer().close(ignored);
}

}  // namespace fairlead::posix
