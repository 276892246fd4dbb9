#include "beast_rig.hpp"
#include "websocket_frames.hpp"

using namespace fairlead;
using namespace fairlead::test;
using posix::FrameHead;
using posix::HeadResult;

namespace {

constexpr size_t kBlindMaxBytes = 15'360;

struct OpenRig : BeastRig {
  explicit OpenRig(bool blind = true) : BeastRig(options(blind)) {
    connect(sink);
    REQUIRE(sink.opened == 1);
  }
  static posix::WsOptions options(bool blind) {
    posix::WsOptions options;
    options.like_links2004 = blind;
    options.write_timeout_ms = 200;
    options.close_timeout_ms = 100;
    return options;
  }
  /** The first close frame from the client: its code; 0 until there is one. */
  int close_code() {
    std::string bytes = peer().received();
    int first = 0;
    for (std::string payload, mask; take_client_frame(bytes, first, payload, mask);)
      if (first == 0x88 && payload.size() == 2)
        return static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
    return 0;
  }
  bool until_closed() { return step_until(*this, sink, [&] { return !sink.closed.empty(); }); }
  RecordingSink sink;
};

HeadResult head_of(const std::string& bytes, FrameHead& head) { return posix::read_frame_head(bytes_of(bytes), head); }

}  // namespace

TEST_CASE("frames to the gateway have a zero mask as from the Arduino library, and a random one otherwise") {
  for (const bool blind : {true, false}) {
    OpenRig rig(blind);
    REQUIRE(send_text(rig.transport(), "abc"));
    std::string mask, payload;
    int first = 0;
    REQUIRE(step_until(rig, rig.sink, [&] {
      std::string bytes = rig.peer().received();
      return take_client_frame(bytes, first, payload, mask);
    }));
    CHECK(first == 0x81);
    CHECK(payload == "abc");
    CHECK((mask == std::string(4, '\0')) == blind);
  }
}

TEST_CASE("frames of every length of head arrive whole, also in pieces and several at once") {
  OpenRig rig;
  const std::string large(kBlindMaxBytes, 'x');
  const std::string bytes = server_frame(0x81, "") + server_frame(0x81, std::string(125, 'a')) +
                            server_frame(0x82, std::string(126, 'b')) + server_frame(0x81, large);
  for (size_t at = 0; at < bytes.size(); at += 1000) {
    rig.peer().send(bytes.substr(at, 1000));
    rig.step();
    rig.transport().poll(rig.sink);
  }
  REQUIRE(step_until(rig, rig.sink, [&] { return rig.sink.texts.size() == 3; }));
  CHECK(rig.sink.texts.at(1) == std::string(125, 'a'));
  CHECK(rig.sink.texts.at(2) == large);
  CHECK(rig.sink.binaries == std::vector<std::string>{std::string(126, 'b')});
}

TEST_CASE("a frame over 15,360 bytes ends the connection with 1009, as in the Arduino library") {
  OpenRig rig;
  rig.peer().send(server_frame(0x81, std::string(kBlindMaxBytes + 1, 'x')));
  REQUIRE(rig.until_closed());
  CHECK(rig.sink.closed.at(0).fail == OpenFail::None);
  CHECK(rig.close_code() == 1009);
  CHECK(rig.sink.texts.empty());
}

TEST_CASE("one that is not like the library takes it") {
  OpenRig rig(false);
  rig.peer().send(server_frame(0x81, std::string(kBlindMaxBytes + 1, 'x')));
  CHECK(step_until(rig, rig.sink, [&] { return rig.sink.texts.size() == 1; }));
}

TEST_CASE("[M-1] fragments, masked frames and reserved bits end the connection") {
  for (const std::string& bytes : {server_frame(0x01, "half"), server_frame(0x80, "rest"), server_frame(0xC1, "rsv"),
                                   std::string("\x81\x81\0\0\0\0a", 7), server_frame(0x83, "?"),
                                   server_frame(0x09, "ping in pieces")}) {
    OpenRig rig;
    rig.peer().send(bytes);
    REQUIRE(rig.until_closed());
    CHECK(rig.sink.closed.at(0).fail == OpenFail::Protocol);
    CHECK(rig.sink.texts.empty());
  }
}

TEST_CASE("a ping is answered with its payload, and our own ping goes out") {
  OpenRig rig;
  rig.peer().send(server_frame(0x89, "18 s"));
  CHECK(rig.transport().ping());
  int first = 0;
  std::string payload, mask;
  REQUIRE(step_until(rig, rig.sink, [&] { return rig.peer().received().size() >= 6 + 10; }));
  std::string bytes = rig.peer().received();
  REQUIRE(take_client_frame(bytes, first, payload, mask));
  CHECK(first == 0x89);
  REQUIRE(take_client_frame(bytes, first, payload, mask));
  CHECK(first == 0x8A);
  CHECK(payload == "18 s");
}

TEST_CASE("the gateway's close code is hidden and answered with 1000, or seen and answered with the same") {
  const std::string close_4009 = server_frame(0x88, "\x0F\xA9");
  OpenRig blind;
  blind.peer().send(close_4009);
  REQUIRE(blind.until_closed());
  CHECK(blind.sink.closed.at(0).close_code == 0);
  CHECK(blind.close_code() == 1000);
  OpenRig seeing(false);
  seeing.peer().send(close_4009);
  REQUIRE(seeing.until_closed());
  CHECK(seeing.sink.closed.at(0).close_code == 4009);
  CHECK(seeing.close_code() == 4009);
}

TEST_CASE("close() sends what waits and 1000 before it goes, and does not wait for ever for the peer") {
  OpenRig rig;
  REQUIRE(send_text(rig.transport(), "bye"));
  rig.transport().close();
  REQUIRE(rig.until_closed());
  CHECK(rig.peer_received() == std::vector<std::string>{"bye"});
  CHECK(rig.close_code() == 1000);
}

TEST_CASE("nothing more is reported after close(), whatever the peer sends") {
  OpenRig rig;
  rig.transport().close();
  rig.peer().send(server_frame(0x81, "too late"));
  REQUIRE(rig.until_closed());
  CHECK(rig.sink.texts.empty());
}

TEST_CASE("a peer that does not read: send says no in the end, and the connection closes once") {
  BeastRig rig(OpenRig::options(true));
  RecordingSink sink;
  rig.peer().reads = false;
  rig.connect(sink);
  REQUIRE(sink.opened == 1);
  const std::string text(1200, 'x');
  bool sent = true;
  for (int i = 0; i < 100'000 && sent; ++i) {
    sent = send_text(rig.transport(), text);
    if (sent) rig.transport().poll(sink);
  }
  CHECK_FALSE(sent);
  REQUIRE(step_until(rig, sink, [&] { return !sink.closed.empty(); }));
  CHECK(sink.closed.size() == 1);
}

TEST_CASE("heads: every length is written and read in its shortest form") {
  for (const size_t size : {size_t{0}, size_t{125}, size_t{126}, size_t{65'535}, size_t{65'536}}) {
    uint8_t bytes[posix::kFrameHeadMaxBytes];
    const size_t written = posix::write_frame_head(posix::Opcode::Binary, size, {1, 2, 3, 4}, bytes);
    CHECK(bytes[0] == 0x82);
    CHECK((bytes[1] & 0x80) == 0x80);
    bytes[1] &= 0x7F;  // as a server writes it
    FrameHead head;
    REQUIRE(posix::read_frame_head({bytes, written - 4}, head) == HeadResult::Ok);
    CHECK(head.payload_bytes == size);
    CHECK(head.bytes == written - 4);
    for (size_t cut = 0; cut < written - 4; ++cut)
      CHECK(posix::read_frame_head({bytes, cut}, head) == HeadResult::NeedMore);
  }
}

TEST_CASE("heads: lengths that are not in their shortest form, or over 2^63, are invalid") {
  FrameHead head;
  CHECK(head_of(std::string("\x81\x7E\x00\x7D", 4), head) == HeadResult::Invalid);
  CHECK(head_of(std::string("\x81\x7F\0\0\0\0\0\0\xFF\xFF", 10), head) == HeadResult::Invalid);
  CHECK(head_of(std::string("\x81\x7F\x80\0\0\0\0\1\0\0", 10), head) == HeadResult::Invalid);
}
