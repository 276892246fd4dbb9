#pragma once
#include <deque>
#include <string>
#include <vector>

#include "WiFiClientSecure.h"

// A scripted stand-in for links2004/WebSockets 2.7.3: the part of its interface that the adapter may use, and the
// behaviour that the adapter has to live with. Written from its documentation and from reading it; no code of it.
#define WEBSOCKETS_VERSION_INT 2007003
#define WEBSOCKETS_MAX_HEADER_SIZE (14)

typedef enum { WSC_NOT_CONNECTED, WSC_HEADER, WSC_BODY, WSC_CONNECTED } WSclientsStatus_t;
typedef enum {
  WStype_ERROR, WStype_DISCONNECTED, WStype_CONNECTED, WStype_TEXT, WStype_BIN, WStype_FRAGMENT_TEXT_START,
  WStype_FRAGMENT_BIN_START, WStype_FRAGMENT, WStype_FRAGMENT_FIN, WStype_PING, WStype_PONG
} WStype_t;

typedef struct {
  WSclientsStatus_t status = WSC_NOT_CONNECTED;
  WiFiClient* tcp = nullptr;
  WiFiClientSecure* ssl = nullptr;
  uint16_t cCode = 0;
  String cProtocol;
  String extraHeaders;
} WSclient_t;

/** What the far end and the network do, and what the adapter did: shared with the test. */
struct WsScript {
  int connect_error = 0;       ///< Of the next connects: 0 = TCP and TLS come up, else mbedTLS's or lwIP's code.
  int http_status = 101;       ///< 0: no answer, the library's own time runs out.
  bool upgrade_headers = true; ///< Of the answer.
  bool good_accept = true;
  std::string protocol = "fairlead.v1";  ///< Of the answer; empty: none.
  bool connection_lost = false;          ///< Noticed by the next loop().
  bool send_fails = false;
  struct Frame {
    WStype_t type;
    std::string bytes;
    bool is_close = false;
  };
  std::deque<Frame> incoming;

  int loops = 0, connects = 0, begins = 0, leaked = 0, close_frames = 0, pings = 0;
  std::string host, path, offered;
  std::string extra_headers_at_connect;
  uint16_t port = 0;
  const char* ca = nullptr;
  unsigned long reconnect_interval_ms = 500;
  std::vector<std::string> sent;  ///< The payload with a letter before it: T or B.
  bool header_in_payload = false;
  bool heartbeat = false;
};
extern WsScript ws_script;

class WebSocketsClient {
 public:
  WebSocketsClient() = default;
  virtual ~WebSocketsClient() { free_connection(); }
  void beginSslWithCA(const char* host, uint16_t port, const char* url, const char* ca, const char* protocol);
  void loop();
  bool sendTXT(uint8_t* payload, size_t length = 0, bool headerToPayload = false);
  bool sendBIN(uint8_t* payload, size_t length, bool headerToPayload = false);
  bool sendPing(uint8_t* payload = nullptr, size_t length = 0);
  void disconnect();
  void setExtraHeaders(const char* headers);
  void setReconnectInterval(unsigned long ms) { ws_script.reconnect_interval_ms = ms; }
  void enableHeartbeat(uint32_t, uint32_t, uint8_t) { ws_script.heartbeat = true; }

 protected:
  virtual void runCbEvent(WStype_t type, uint8_t* payload, size_t length) {
    (void)type;
    (void)payload;
    (void)length;
  }
  void clientDisconnect(WSclient_t* client, const char* reason = nullptr);
  bool is_connected();
  void connect();
  void read_header();
  void read_frame();
  void free_connection();
  bool send_frame(char kind, const uint8_t* payload, size_t length, bool header_to_payload);
  WSclient_t _client;
  bool failed_ = false;  ///< Since begin…(): the reconnect interval runs.
  // As in 2.7.2 and 2.7.3: read, and set by nobody when a CA is given.
  const char* _client_cert = reinterpret_cast<const char*>(1);
  const char* _client_key = reinterpret_cast<const char*>(1);
};
