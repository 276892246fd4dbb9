#include "scripted_rig.hpp"

#include "fairlead/limits.hpp"
#include "fairlead_esp32/ws_reason.hpp"

using namespace fairlead;
using namespace fairlead::test;

namespace {

struct AcceptingRig : ScriptedRig {
  void peer_accepts() {
    ws_script.http_status = 101;
    ws_script.upgrade_headers = true;
  }
};

}  // namespace

TEST_CASE_TEMPLATE_INVOKE(transport_contract, AcceptingRig);

TEST_CASE("a connect that fails is told at once, with what mbedTLS said") {
  struct Row {
    int native;
    OpenFail fail;
  };
  for (const Row& row : {Row{-1, OpenFail::Tcp}, Row{-0x0052, OpenFail::Dns}, Row{-9984, OpenFail::TlsCertificate},
                         Row{-0x2180, OpenFail::TlsCertificate}, Row{-32512, OpenFail::NoMemory},
                         Row{-0x2880, OpenFail::NoMemory}, Row{-0x7780, OpenFail::Tls}, Row{-0x004C, OpenFail::Tcp}}) {
    CAPTURE(row.native);
    ScriptedRig rig;
    ws_script.connect_error = row.native;
    rig.adapter.open(rig.params());
    rig.adapter.poll(rig.sink);
    CHECK(rig.only_close().fail == row.fail);
    CHECK(rig.only_close().native == row.native);
    rig.poll();
    CHECK(rig.sink.closed.size() == 1);
    CHECK(ws_script.connects == 1);
  }
}

TEST_CASE("a refusal over HTTP gives its status, with and without upgrade headers") {
  for (const int status : {400, 401, 403, 404, 426, 429, 502, 503}) {
    for (const bool upgrade_headers : {false, true}) {
      CAPTURE(status);
      ScriptedRig rig;
      ws_script.http_status = status;
      ws_script.upgrade_headers = upgrade_headers;
      rig.open();
      CHECK(rig.only_close().fail == OpenFail::Http);
      CHECK(rig.only_close().http_status == status);
      CHECK(rig.only_close().retry_after_ms == 0);
      CHECK(rig.sink.opened == 0);
    }
  }
}

TEST_CASE("an answer that never comes is a timeout") {
  ScriptedRig rig;
  ws_script.http_status = 0;
  rig.open();
  CHECK(rig.only_close().fail == OpenFail::Timeout);
}

TEST_CASE("a 101 that is none is a protocol failure") {
  ScriptedRig rig;
  SUBCASE("without upgrade headers") { ws_script.upgrade_headers = false; }
  SUBCASE("with a wrong accept key") { ws_script.good_accept = false; }
  rig.open();
  CHECK(rig.only_close().fail == OpenFail::Protocol);
  CHECK(rig.only_close().http_status == 0);
}

TEST_CASE("[H-2] another subprotocol in the answer is as status 426, and nothing was open") {
  ScriptedRig rig;
  ws_script.protocol = "mqtt";
  rig.open();
  CHECK(rig.only_close().fail == OpenFail::Http);
  CHECK(rig.only_close().http_status == 426);
  CHECK(rig.sink.opened == 0);
}

TEST_CASE("a close frame ends without a code: the library throws it away") {
  ScriptedRig rig;
  rig.open();
  REQUIRE(rig.sink.opened == 1);
  rig.push_close();
  rig.poll();
  CHECK(rig.only_close().fail == OpenFail::None);
  CHECK(rig.only_close().close_code == 0);
}

TEST_CASE("a frame over 15,360 bytes ends the connection") {
  ScriptedRig rig;
  rig.open();
  rig.push(WStype_TEXT, std::string(15361, 'x'));
  rig.poll();
  CHECK(rig.only_close().fail == OpenFail::None);
  CHECK(rig.sink.texts.empty());
}

TEST_CASE("after the end the library is left alone: it would connect again by itself") {
  ScriptedRig rig;
  rig.open();
  rig.peer_drops();
  rig.poll();
  REQUIRE(rig.sink.closed.size() == 1);
  const int loops = ws_script.loops;
  rig.poll(20);
  CHECK(ws_script.loops == loops);
  CHECK(ws_script.connects == 1);
}

TEST_CASE("each connect says its own token, no Origin, and does not leak the TLS context before it") {
  ScriptedRig rig;
  for (const char* token : {"Bearer one", "Bearer two"}) {
    OpenParams params = rig.params();
    params.authorization = token;
    rig.adapter.open(params);
    rig.poll();
    CHECK(ws_script.extra_headers_at_connect == std::string("Authorization: ") + token);
    CHECK(ws_script.offered == "fairlead.v1");
    rig.adapter.close();
    rig.poll();
  }
  CHECK(ws_script.connects == 2);
  CHECK(ws_script.begins == 2);
  CHECK(ws_script.leaked == 0);
  CHECK_FALSE(ws_script.heartbeat);
}

TEST_CASE("[H-1] without a CA nothing is tried") {
  ScriptedRig rig;
  OpenParams params = rig.params();
  SUBCASE("null") { params.ca_pem = nullptr; }
  SUBCASE("empty") { params.ca_pem = ""; }
  rig.adapter.open(params);
  rig.poll();
  CHECK(rig.only_close().fail == OpenFail::TlsCertificate);
  CHECK(ws_script.begins == 0);
  CHECK(ws_script.connects == 0);
}

TEST_CASE("a token that would not stay in its header is not sent") {
  ScriptedRig rig;
  OpenParams params = rig.params();
  const std::string long_token(limits::kTokenMaxBytes + 100, 'x');
  SUBCASE("with a line end") { params.authorization = "Bearer a\r\nX-Evil: 1"; }
  SUBCASE("too long") { params.authorization = long_token.c_str(); }
  SUBCASE("none") { params.authorization = ""; }
  rig.adapter.open(params);
  rig.poll();
  CHECK(rig.only_close().fail == OpenFail::Protocol);
  CHECK(ws_script.connects == 0);
}

TEST_CASE("a send that fails, if only in part, ends the connection without a close frame") {
  ScriptedRig rig;
  rig.open();
  ws_script.send_fails = true;
  SUBCASE("a text") { CHECK_FALSE(send_text(rig.adapter, "x")); }
  SUBCASE("a ping") { CHECK_FALSE(rig.adapter.ping()); }
  ws_script.send_fails = false;
  CHECK_FALSE(send_text(rig.adapter, "y"));
  CHECK(rig.sink.closed.empty());
  rig.poll();
  CHECK(rig.only_close().fail == OpenFail::None);
  CHECK(ws_script.sent.empty());
  CHECK(ws_script.close_frames == 0);
}

TEST_CASE("an empty frame is never handed to the library, which would read on") {
  ScriptedRig rig;
  rig.open();
  CHECK_FALSE(send_text(rig.adapter, ""));
  rig.poll();
  CHECK(rig.only_close().fail == OpenFail::Protocol);
  CHECK(ws_script.sent.empty());
}

TEST_CASE("frames go out in one piece, with the header in the bytes before them") {
  ScriptedRig rig;
  rig.open();
  CHECK(send_text(rig.adapter, "hello"));
  std::vector<uint8_t> buffer(kFrameHeadroom + 3, 0xFF);
  CHECK(rig.adapter.send({buffer.data() + kFrameHeadroom, 3}, false));
  CHECK(ws_script.sent == std::vector<std::string>{"Thello", "B\xFF\xFF\xFF"});
  CHECK(ws_script.header_in_payload);
}

TEST_CASE("a fragment ends the connection: the library neither joins nor bounds them") {
  for (const WStype_t type : {WStype_FRAGMENT_TEXT_START, WStype_FRAGMENT_BIN_START, WStype_FRAGMENT, WStype_FRAGMENT_FIN}) {
    ScriptedRig rig;
    rig.open();
    rig.push(type, "part");
    rig.push(WStype_TEXT, "after");
    rig.poll();
    CHECK(rig.only_close().fail == OpenFail::Protocol);
    CHECK(rig.sink.texts.empty());
  }
}

TEST_CASE("an empty message has a null payload and is a sign of life alone") {
  ScriptedRig rig;
  rig.open();
  rig.push(WStype_TEXT, "");
  rig.push(WStype_PONG, "");
  rig.poll();
  CHECK(rig.sink.texts.empty());
  CHECK(rig.sink.alive == 2);
}

TEST_CASE("one poll takes many frames, and not without end") {
  ScriptedRig rig;
  rig.open();
  for (int at = 0; at < 100; ++at) rig.push(WStype_TEXT, "m");
  rig.adapter.poll(rig.sink);
  CHECK(rig.sink.texts.size() == 16);
  rig.poll(10);
  CHECK(rig.sink.texts.size() == 100);
}

TEST_CASE("close() says 1000 when open, and not after a send that failed") {
  ScriptedRig rig;
  rig.open();
  SUBCASE("after good sends") {
    rig.adapter.close();
    rig.poll();
    CHECK(ws_script.close_frames == 1);
  }
  SUBCASE("after a failed send") {
    ws_script.send_fails = true;
    CHECK_FALSE(send_text(rig.adapter, "x"));
    rig.adapter.close();
    rig.poll();
    CHECK(ws_script.close_frames == 0);
  }
  CHECK(rig.sink.closed.size() == 1);
}

TEST_CASE("the status is found in the library's text, and nowhere else") {
  const auto status_of = [](const std::string& text) { return http_status_in(text.data(), text.size()); };
  CHECK(status_of("WebSocket handshake failed - HTTP 401") == 401);
  CHECK(status_of("HTTP 426") == 426);
  CHECK(status_of("HTTP 42") == 0);
  CHECK(status_of("HTTP x01") == 0);
  CHECK(status_of("Connection lost") == 0);
  CHECK(status_of("") == 0);
}
