#include "ws_links2004.hpp"

#include <cstring>

#include "fairlead/limits.hpp"
#include "ws_reason.hpp"

namespace fairlead {
namespace {

/** The library takes one frame, or one line of the header, in each loop(). */
constexpr int kFramesPerPoll = 16;
/** When to try again is the core's decision. 24 days: the library compares differences of millis(). */
constexpr unsigned long kNeverMs = 0x7FFFFFFF;
constexpr char kHeaderName[] = "Authorization: ";

/** A line end in a header would begin a header of its own. */
bool fits_a_header(const char* text) {
  constexpr size_t kMaxBytes = limits::kTokenMaxBytes + sizeof "Bearer ";
  if (text == nullptr || text[0] == 0 || std::strlen(text) > kMaxBytes) return false;
  for (; *text != 0; ++text) {
    if (*text < 0x20 || *text > 0x7E) return false;
  }
  return true;
}

}  // namespace

WsLinks2004::WsLinks2004() {
  // 2.7.2 and 2.7.3 read both without ever setting them when a CA is given.
  _client_cert = nullptr;
  _client_key = nullptr;
}

void WsLinks2004::open(const OpenParams& params) {
  if (stage_ != Stage::Closed) return;
  closed_ = Closed();
  drop_due_ = false;
  drop_connection();  // begin…() forgets the old TLS context without freeing it
  stage_ = Stage::Opening;
  subprotocol_ = params.subprotocol;
  if (!fits_a_header(params.authorization)) {
    end(OpenFail::Protocol);
    return;
  }
  // Without a CA the library would connect without checking anything [H-1].
  if (params.ca_pem == nullptr || params.ca_pem[0] == 0) {
    end(OpenFail::TlsCertificate);
    return;
  }
  beginSslWithCA(params.host, params.port, params.path, params.ca_pem, params.subprotocol);
#if ESP_ARDUINO_VERSION >= ESP_ARDUINO_VERSION_VAL(2, 0, 9)
  useRealRandomGenerator(true);  // begin…() has seeded random() with millis()
#endif
  setReconnectInterval(0);   // the first loop() connects at once, see turn()
  // Each time: the token may be a new one. Replaces the library's `Origin: file://`. The token is put behind the name
  // in the library's own text, which saves a buffer of two kilobytes.
  setExtraHeaders(kHeaderName);
  _client.extraHeaders += params.authorization;
}

void WsLinks2004::poll(TransportSink& sink) {
  sink_ = &sink;
  for (int count = 0; count < kFramesPerPoll && (stage_ == Stage::Opening || stage_ == Stage::Open); ++count) {
    turn();
    if (!has_more()) break;
  }
  if (stage_ == Stage::Ended) {
    stage_ = Stage::Closed;  // first: the sink may open() again from its own tick
    sink.on_closed(closed_);
  }
  sink_ = nullptr;
}

void WsLinks2004::turn() {
  if (!drop_due_) {
    loop();
    // A loop() that finds the connection lost would make the next one before it returns, unless its time has not come.
    setReconnectInterval(kNeverMs);
  }
  if (stage_ == Stage::Ended) return;
  if (drop_due_) {
    end(drop_fail_, drop_status_);
    drop_connection();
  } else if (_client.status == WSC_NOT_CONNECTED) {
    connect_failed();
  }
}

void WsLinks2004::connect_failed() {
  char text[64];  // lastError() wants to write its text somewhere
  const int32_t native = _client.ssl != nullptr ? _client.ssl->lastError(text, sizeof text) : 0;
  end(native == 0 ? OpenFail::Tcp : fail_of_native(native), 0, native);
  drop_connection();
}

bool WsLinks2004::has_more() {
  if (stage_ != Stage::Opening && stage_ != Stage::Open) return false;
  return drop_due_ || (_client.tcp != nullptr && _client.tcp->available() > 0);
}

void WsLinks2004::end(OpenFail fail, uint16_t http_status, int32_t native) {
  stage_ = Stage::Ended;
  closed_.fail = fail;
  closed_.http_status = http_status;
  closed_.native = native;
}

void WsLinks2004::end_later(OpenFail fail, uint16_t http_status) {
  if (drop_due_) return;
  drop_due_ = true;
  drop_fail_ = fail;
  drop_status_ = http_status;
}

void WsLinks2004::drop_connection() {
  // Without a close frame: the stream may hold half a frame. Its event finds no open stage and is passed over.
  if (_client.tcp != nullptr || _client.ssl != nullptr) WebSocketsClient::clientDisconnect(&_client, "dropped");
}

bool WsLinks2004::send(MutableBytes frame, bool is_text) {
  if (stage_ != Stage::Open || drop_due_) return false;
  if (frame.data == nullptr || frame.size == 0) {  // for the library an empty text is strlen(payload)
    end_later(OpenFail::Protocol);
    return false;
  }
  uint8_t* with_headroom = frame.data - kFrameHeadroom;
  static_assert(kFrameHeadroom == WEBSOCKETS_MAX_HEADER_SIZE, "the library writes its header into the headroom");
  const bool sent = is_text ? sendTXT(with_headroom, frame.size, true) : sendBIN(with_headroom, frame.size, true);
  // After a partial write the library keeps the connection, and the next frame would begin inside this one.
  if (!sent) end_later(OpenFail::None);
  return sent;
}

bool WsLinks2004::ping() {
  if (stage_ != Stage::Open || drop_due_) return false;
  const bool sent = sendPing(nullptr, 0);
  if (!sent) end_later(OpenFail::None);
  return sent;
}

void WsLinks2004::close() {
  if (stage_ != Stage::Opening && stage_ != Stage::Open) return;
  end(OpenFail::None);
  if (drop_due_) drop_connection();
  else disconnect();  // says 1000 where there is a WebSocket
  drop_connection();
}

void WsLinks2004::runCbEvent(WStype_t type, uint8_t* payload, size_t length) {
  if (sink_ == nullptr || drop_due_) {
    if (type == WStype_DISCONNECTED) on_disconnected(reinterpret_cast<const char*>(payload), length);
    return;
  }
  switch (type) {
    case WStype_CONNECTED: on_connected(); break;
    case WStype_DISCONNECTED: on_disconnected(reinterpret_cast<const char*>(payload), length); break;
    case WStype_TEXT:
    case WStype_BIN:
      if (stage_ != Stage::Open) break;
      if (payload == nullptr || length == 0) sink_->on_alive();
      else sink_->on_message({payload, length}, type == WStype_TEXT);
      break;
    case WStype_PING:
    case WStype_PONG:
      if (stage_ == Stage::Open) sink_->on_alive();
      break;
    case WStype_FRAGMENT_TEXT_START:
    case WStype_FRAGMENT_BIN_START:
    case WStype_FRAGMENT:
    case WStype_FRAGMENT_FIN: end_later(OpenFail::Protocol); break;  // [M-1] the gateway never does
    case WStype_ERROR: break;
  }
}

void WsLinks2004::on_connected() {
  if (stage_ != Stage::Opening) return;
  // The answer overwrites what was offered; without one it still reads as the offer [H-2].
  if (_client.cProtocol != subprotocol_) {
    end_later(OpenFail::Http, 426);
    return;
  }
  stage_ = Stage::Open;
  sink_->on_open();
}

void WsLinks2004::on_disconnected(const char* reason, size_t length) {
  if (stage_ != Stage::Opening && stage_ != Stage::Open) return;
  if (drop_due_) {
    end(drop_fail_, drop_status_);
    return;
  }
  const auto says = [&](const char* words) {
    return reason != nullptr && length >= std::strlen(words) && std::memcmp(reason, words, std::strlen(words)) == 0;
  };
  if (stage_ == Stage::Open) {
    end(OpenFail::None);  // lost, a close frame, or one of the library's own for what it could not read
  } else if (says("Connection lost") || says("TCP connection cleanup")) {
    end(OpenFail::Tcp);
  } else if (says("Header response timeout")) {
    end(OpenFail::Timeout);
  } else {
    const uint16_t status = reason == nullptr ? 0 : http_status_in(reason, length);
    // 101 and yet refused: the accept key or the Connection header was wrong.
    if (status == 0 || status == 101) end(OpenFail::Protocol);
    else end(OpenFail::Http, status);
  }
}

}  // namespace fairlead
