#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "fairlead/ports.hpp"

/**
 * What every Transport promises. A suite includes this and names its rigs:
 *   TEST_CASE_TEMPLATE_INVOKE(transport_contract, MyRig);
 * A rig has: transport(), params(), step() (lets a little happen on both sides), and the peer's part:
 * peer_accepts(), peer_refuses(status), peer_sends(text), peer_pings(), peer_drops(), peer_received() (whole texts).
 * The session calls send() from within on_message(), so it must work there; open() and close() it never calls there.
 * A rig with a member type `counts_misuse` is a fake that counts calls which the port forbids, and is spared them.
 */
namespace fairlead::test {

struct RecordingSink : TransportSink {
  int opened = 0;
  int alive = 0;
  std::vector<std::string> texts;
  std::vector<std::string> binaries;
  std::vector<Closed> closed;
  std::function<void()> answer;  ///< Called within on_message().
  void on_open() override { ++opened; }
  void on_message(ByteView message, bool is_text) override {
    (is_text ? texts : binaries).emplace_back(text_of(message));
    if (answer) answer();
  }
  void on_alive() override { ++alive; }
  void on_closed(const Closed& why) override { closed.push_back(why); }
};

/** Long enough for a busy machine; a good run takes a few milliseconds. */
constexpr std::chrono::seconds kContractPatience{10};

template <class Rig, class Condition>
bool step_until(Rig& rig, RecordingSink& sink, Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + kContractPatience;
  while (!condition() && std::chrono::steady_clock::now() < deadline) {
    rig.step();
    rig.transport().poll(sink);
  }
  return condition();
}

template <class Rig, class = void>
struct TakesMisuse : std::true_type {};
template <class Rig>
struct TakesMisuse<Rig, std::void_t<typename Rig::counts_misuse>> : std::false_type {};

/** Sends as the core does: with room for the header before the text. */
inline bool send_text(Transport& transport, const std::string& text) {
  std::vector<uint8_t> buffer(kFrameHeadroom + text.size());
  std::copy(text.begin(), text.end(), buffer.begin() + kFrameHeadroom);
  return transport.send({buffer.data() + kFrameHeadroom, text.size()}, true);
}

TEST_CASE_TEMPLATE_DEFINE("every transport", Rig, transport_contract) {
  Rig rig;
  RecordingSink sink;
  Transport& transport = rig.transport();
  OpenParams params;
  const auto open = [&] {
    params = rig.params();
    transport.open(params);
  };
  const auto is_open = [&] { return sink.opened > 0; };
  const auto is_closed = [&] { return !sink.closed.empty(); };

  SUBCASE("is silent, and sends nothing, before it is opened") {
    if (TakesMisuse<Rig>::value) {
      CHECK_FALSE(send_text(transport, "early"));
      transport.close();
    }
    for (int i = 0; i < 3; ++i) transport.poll(sink);
    CHECK(sink.opened == 0);
    CHECK(sink.closed.empty());
  }
  SUBCASE("reports open once, after the 101, and carries texts both ways") {
    rig.peer_accepts();
    open();
    REQUIRE(step_until(rig, sink, is_open));
    CHECK(send_text(transport, "{\"type\":\"hello\"}"));
    const std::vector<std::string> hello = {"{\"type\":\"hello\"}"};
    CHECK(step_until(rig, sink, [&] { return rig.peer_received() == hello; }));
    rig.peer_sends("{\"type\":\"ack\",\"seq\":1}");
    CHECK(step_until(rig, sink, [&] { return sink.texts.size() == 1; }));
    CHECK(sink.texts.at(0) == "{\"type\":\"ack\",\"seq\":1}");
    CHECK(sink.opened == 1);
    CHECK(sink.closed.empty());
  }
  SUBCASE("takes an answer from within the message that asked for it") {
    rig.peer_accepts();
    open();
    REQUIRE(step_until(rig, sink, is_open));
    sink.answer = [&] { CHECK(send_text(transport, "{\"type\":\"accepted\",\"id\":\"c1\"}")); };
    rig.peer_sends("{\"type\":\"command\"}");
    rig.peer_sends("{\"type\":\"cancel\"}");
    CHECK(step_until(rig, sink, [&] { return rig.peer_received().size() == 2; }));
    CHECK(sink.texts.size() == 2);
    CHECK(sink.closed.empty());
  }
  SUBCASE("a ping of the peer is a sign of life and no message") {
    rig.peer_accepts();
    open();
    REQUIRE(step_until(rig, sink, is_open));
    rig.peer_pings();
    CHECK(step_until(rig, sink, [&] { return sink.alive > 0; }));
    CHECK(sink.texts.empty());
  }
  SUBCASE("a refusal closes once with its status, and without having been open") {
    rig.peer_refuses(401);
    open();
    REQUIRE(step_until(rig, sink, is_closed));
    CHECK(sink.closed.at(0).fail == OpenFail::Http);
    CHECK(sink.closed.at(0).http_status == 401);
    for (int i = 0; i < 3; ++i) transport.poll(sink);
    CHECK(sink.closed.size() == 1);
    CHECK(sink.opened == 0);
  }
  SUBCASE("a peer that vanishes closes once") {
    rig.peer_accepts();
    open();
    REQUIRE(step_until(rig, sink, is_open));
    rig.peer_drops();
    REQUIRE(step_until(rig, sink, is_closed));
    CHECK(sink.closed.at(0).fail == OpenFail::None);
    if (TakesMisuse<Rig>::value) CHECK_FALSE(send_text(transport, "late"));
    for (int i = 0; i < 3; ++i) transport.poll(sink);
    CHECK(sink.closed.size() == 1);
  }
  SUBCASE("close() is reported once, also when it comes twice or before the 101") {
    rig.peer_accepts();
    open();
    bool before_open = false;
    SUBCASE("when open") { REQUIRE(step_until(rig, sink, is_open)); }
    SUBCASE("while it opens") { before_open = true; }
    transport.close();
    transport.close();
    REQUIRE(step_until(rig, sink, is_closed));
    if (TakesMisuse<Rig>::value) CHECK_FALSE(send_text(transport, "late"));
    for (int i = 0; i < 3; ++i) transport.poll(sink);
    CHECK(sink.closed.size() == 1);
    CHECK(sink.opened == (before_open ? 0 : 1));
  }
  SUBCASE("opens again after it has closed") {
    rig.peer_refuses(503);
    open();
    REQUIRE(step_until(rig, sink, is_closed));
    rig.peer_accepts();
    open();
    CHECK(step_until(rig, sink, is_open));
    CHECK(sink.closed.size() == 1);
  }
}

}  // namespace fairlead::test
