// The scripted WebSocketsClient: which event comes when, as firmware authors meet it in 2.7.3.
#include <WebSocketsClient.h>

#include <stdexcept>

WsScript ws_script;
WiFiClass WiFi;

void useRealRandomGenerator(bool) {}

void WebSocketsClient::beginSslWithCA(const char* host, uint16_t port, const char* url, const char* ca, const char* protocol) {
  ++ws_script.begins;
  if (_client.ssl != nullptr) ++ws_script.leaked;  // the pointers are forgotten, the TLS context stays
  free_connection();
  failed_ = false;
  _client.status = WSC_NOT_CONNECTED;
  _client.cProtocol = protocol;
  ws_script.host = host;
  ws_script.port = port;
  ws_script.path = url;
  ws_script.ca = ca;
  ws_script.offered = protocol;
}

void WebSocketsClient::setExtraHeaders(const char* headers) { _client.extraHeaders = headers; }

void WebSocketsClient::free_connection() {
  delete _client.ssl;
  _client.ssl = nullptr;
  _client.tcp = nullptr;
}

void WebSocketsClient::loop() {
  ++ws_script.loops;
  if (!is_connected()) {
    // The interval counts from the last failure, at first from the start of the chip.
    constexpr unsigned long kUptimeMs = 60000;
    if (ws_script.reconnect_interval_ms > (failed_ ? 0 : kUptimeMs)) return;
    connect();
  } else if (_client.status == WSC_HEADER) {
    read_header();
  } else {
    read_frame();
  }
}

bool WebSocketsClient::is_connected() {
  if (_client.tcp == nullptr) return false;
  if (_client.status != WSC_NOT_CONNECTED && !ws_script.connection_lost) return true;
  if (_client.status != WSC_NOT_CONNECTED) clientDisconnect(&_client, "Connection lost");
  if (_client.tcp != nullptr) clientDisconnect(&_client, "TCP connection cleanup");
  return false;
}

void WebSocketsClient::connect() {
  ++ws_script.connects;
  if (_client_cert != nullptr && _client_key != nullptr) throw std::logic_error("would read a wild pointer");
  ws_script.extra_headers_at_connect = _client.extraHeaders.c_str();
  ws_script.connection_lost = false;
  _client.ssl = new WiFiClientSecure();
  _client.tcp = _client.ssl;
  _client.ssl->last_error = ws_script.connect_error;
  if (ws_script.connect_error == 0) {
    _client.status = WSC_HEADER;
    _client.ssl->waiting = ws_script.http_status == 0 ? 0 : 1;
  }
}

void WebSocketsClient::read_header() {
  _client.ssl->waiting = static_cast<int>(ws_script.incoming.size());
  if (ws_script.http_status == 0) return clientDisconnect(&_client, "Header response timeout");
  _client.cCode = static_cast<uint16_t>(ws_script.http_status);
  if (!ws_script.protocol.empty()) _client.cProtocol = ws_script.protocol.c_str();
  const std::string http = "HTTP " + std::to_string(ws_script.http_status);
  if (ws_script.upgrade_headers && ws_script.http_status != 101) return clientDisconnect(&_client, http.c_str());
  if (!ws_script.upgrade_headers || !ws_script.good_accept) {
    return clientDisconnect(&_client, ("WebSocket handshake failed - " + http).c_str());
  }
  _client.status = WSC_CONNECTED;
  char url[] = "/device/v1";
  runCbEvent(WStype_CONNECTED, reinterpret_cast<uint8_t*>(url), sizeof url - 1);
}

void WebSocketsClient::read_frame() {
  if (ws_script.incoming.empty()) return;
  WsScript::Frame frame = ws_script.incoming.front();
  ws_script.incoming.pop_front();
  _client.ssl->waiting = static_cast<int>(ws_script.incoming.size());
  constexpr size_t kReceiveMaxBytes = 15 * 1024;
  if (frame.is_close || frame.bytes.size() > kReceiveMaxBytes) {
    ++ws_script.close_frames;  // 1000 or 1009; the reason of the far end is thrown away
    return clientDisconnect(&_client, nullptr);
  }
  std::vector<uint8_t> copy(frame.bytes.begin(), frame.bytes.end());
  copy.push_back(0);
  runCbEvent(frame.type, frame.bytes.empty() ? nullptr : copy.data(), frame.bytes.size());
}

void WebSocketsClient::clientDisconnect(WSclient_t* client, const char* reason) {
  const bool had_connection = client->tcp != nullptr;
  free_connection();
  failed_ = true;
  client->status = WSC_NOT_CONNECTED;
  client->cCode = 0;
  if (!had_connection) return;
  std::string text = reason == nullptr ? "" : reason;
  uint8_t* bytes = text.empty() ? nullptr : reinterpret_cast<uint8_t*>(&text[0]);
  runCbEvent(WStype_DISCONNECTED, bytes, text.size());
}

bool WebSocketsClient::send_frame(char kind, const uint8_t* payload, size_t length, bool header_to_payload) {
  if (!is_connected() || _client.status != WSC_CONNECTED || ws_script.send_fails) return false;
  ws_script.header_in_payload = header_to_payload;
  const uint8_t* bytes = payload + (header_to_payload ? WEBSOCKETS_MAX_HEADER_SIZE : 0);
  ws_script.sent.push_back(kind + std::string(reinterpret_cast<const char*>(bytes), length));
  return true;
}

bool WebSocketsClient::sendTXT(uint8_t* payload, size_t length, bool headerToPayload) {
  if (length == 0) length = strlen(reinterpret_cast<const char*>(payload));
  return send_frame('T', payload, length, headerToPayload);
}

bool WebSocketsClient::sendBIN(uint8_t* payload, size_t length, bool headerToPayload) {
  return send_frame('B', payload, length, headerToPayload);
}

bool WebSocketsClient::sendPing(uint8_t*, size_t) {
  if (!is_connected() || ws_script.send_fails) return false;
  ++ws_script.pings;
  return true;
}

void WebSocketsClient::disconnect() {
  if (!is_connected()) return;
  if (_client.status == WSC_CONNECTED) ++ws_script.close_frames;
  clientDisconnect(&_client, nullptr);
}
