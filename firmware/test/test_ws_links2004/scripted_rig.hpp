#pragma once
#include <WebSocketsClient.h>

#include <memory>
#include <string>
#include <vector>

#include "contract/transport_contract.hpp"
#include "fairlead_esp32/ws_links2004.hpp"

namespace fairlead::test {

/** The adapter on the scripted library. */
struct ScriptedRig {
  ScriptedRig() { ws_script = WsScript(); }
  Transport& transport() { return adapter; }
  OpenParams params() {
    OpenParams params;
    params.host = "gateway.test";
    params.authorization = "Bearer t1";
    params.ca_pem = "PEM";
    return params;
  }
  void step() {}
  void peer_accepts() { ws_script.http_status = 101; }
  void peer_refuses(int status) {
    ws_script.http_status = status;
    ws_script.upgrade_headers = false;
  }
  void peer_sends(const std::string& text) { push(WStype_TEXT, text); }
  void peer_pings() { push(WStype_PING, ""); }
  void peer_drops() { ws_script.connection_lost = true; }
  std::vector<std::string> peer_received() {
    std::vector<std::string> texts;
    for (const std::string& frame : ws_script.sent) texts.push_back(frame.substr(1));
    return texts;
  }
  void push(WStype_t type, const std::string& bytes) { ws_script.incoming.push_back({type, bytes, false}); }
  void push_close() { ws_script.incoming.push_back({WStype_DISCONNECTED, "", true}); }
  void poll(int times = 4) {
    for (int count = 0; count < times; ++count) adapter.poll(sink);
  }
  void open() {
    adapter.open(params());
    poll();
  }
  const Closed& only_close() {
    REQUIRE(sink.closed.size() == 1);
    return sink.closed[0];
  }

  WsLinks2004 adapter;
  RecordingSink sink;
};

}  // namespace fairlead::test
