#include "beast_rig.hpp"

using namespace fairlead;
using namespace fairlead::test;

namespace {

/** How an upgrade ends that the peer answers so. */
Closed closed_after(const std::string& answer, bool blind = true) {
  posix::WsOptions options;
  options.like_links2004 = blind;
  options.header_timeout_ms = 100;
  BeastRig rig(options);
  rig.peer().answer = answer;
  RecordingSink sink;
  rig.connect(sink);
  REQUIRE(step_until(rig, sink, [&] { return !sink.closed.empty(); }));
  CHECK(sink.opened == 0);
  return sink.closed.at(0);
}

std::string switching_with(const std::string& from, const std::string& to) {
  std::string text = kSwitching;
  return text.replace(text.find(from), from.size(), to);
}

}  // namespace

TEST_CASE("[H-1] the request reads like that of the Arduino library") {
  BeastRig rig;
  RecordingSink sink;
  rig.connect(sink);
  REQUIRE(sink.opened == 1);
  const std::string& request = rig.peer().request();
  CHECK(request.rfind("GET /device/v1 HTTP/1.1\r\n", 0) == 0);
  for (const char* line : {"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                           "Sec-WebSocket-Protocol: fairlead.v1", "Origin: file://",
                           "User-Agent: arduino-WebSocket-Client", "Authorization: Bearer secret"})
    CHECK(request.find(std::string("\r\n") + line + "\r\n") != std::string::npos);
  const std::string host = "\r\nHost: localhost:" + std::to_string(rig.peer().port()) + "\r\n";
  CHECK(request.find(host) != std::string::npos);
}

TEST_CASE("[H-13] of a refusal the status is seen, and Retry-After only where it is not like the Arduino library") {
  const Closed blind = closed_after(refusal(429, "Retry-After: 7\r\n"));
  CHECK(blind.fail == OpenFail::Http);
  CHECK(blind.http_status == 429);
  CHECK(blind.retry_after_ms == 0);
  const Closed seeing = closed_after(refusal(503, "Retry-After: 7\r\n"), false);
  CHECK(seeing.http_status == 503);
  CHECK(seeing.retry_after_ms == 7000);
}

TEST_CASE("a Retry-After that is no number of seconds says nothing, and a huge one means an hour") {
  CHECK(closed_after(refusal(503, "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n"), false).retry_after_ms == 0);
  CHECK(closed_after(refusal(503, "Retry-After: 99999999999999\r\n"), false).retry_after_ms == 0);
  CHECK(closed_after(refusal(503, "Retry-After: 4000000\r\n"), false).retry_after_ms == 3600 * 1000);
}

TEST_CASE("a refused client says so in clear text, as the Arduino library does") {
  BeastRig rig;
  rig.peer().answer = refusal(401);
  RecordingSink sink;
  rig.connect(sink);
  CHECK(step_until(rig, sink, [&] { return rig.peer().received() == "This is a webSocket client!"; }));
}

TEST_CASE("`Connection` must be `Upgrade` and nothing else") {
  CHECK(closed_after(switching_with("Connection: Upgrade", "Connection: keep-alive, Upgrade")).fail ==
        OpenFail::Protocol);
}

TEST_CASE("a wrong Sec-WebSocket-Accept is refused") {
  CHECK(closed_after(switching_with("{accept}", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")).fail == OpenFail::Protocol);
}

TEST_CASE("[H-2] another subprotocol counts as 426; an absent one only where it can be seen") {
  CHECK(closed_after(switching_with("fairlead.v1", "fairlead.v2")).http_status == 426);
  const std::string absent = switching_with("Sec-WebSocket-Protocol: fairlead.v1\r\n", "");
  CHECK(closed_after(absent, false).http_status == 426);
  BeastRig rig;
  rig.peer().answer = absent;
  RecordingSink sink;
  rig.connect(sink);
  CHECK(sink.opened == 1);
}

TEST_CASE("an answer that is no HTTP, too long, or does not come, ends the attempt") {
  CHECK(closed_after("what do you want?\r\n\r\n").fail == OpenFail::Protocol);
  CHECK(closed_after(refusal(503, "X: " + std::string(9000, 'x') + "\r\n")).fail == OpenFail::Protocol);
  CHECK(closed_after("").fail == OpenFail::Timeout);
}
