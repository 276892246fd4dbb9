#include <doctest/doctest.h>

#include "fakes/session_rig.hpp"

using namespace fairlead;
using namespace fairlead::fakes;
using State = SessionState;

namespace {
/** A welcome is read one tick after it was written. */
constexpr uint64_t kOneTickMs = 100;
}  // namespace

TEST_CASE("a session goes from boot to ready, and tells each state once") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  CHECK(rig.handler.states == std::vector<State>{State::Backoff, State::Opening, State::Hello, State::Ready});
  CHECK(rig.transport.violations == 0);
  CHECK(rig.gateway.violations == 0);
}

TEST_CASE("without host, CA or token it is unprovisioned and opens nothing") {
  SessionRig rig;
  SessionConfig config;
  config.host = "gateway.test";
  rig.session().configure(config);
  rig.run(60000, 1000);
  CHECK(rig.session().state() == State::Unprovisioned);
  (void)rig.boot->tokens.erase_all();
  rig.configure();
  rig.run(60000, 1000);
  CHECK(rig.session().state() == State::Unprovisioned);
  CHECK(rig.transport.opens == 0);
  REQUIRE(rig.boot->tokens.provision("token-b", "b") == Status::Ok);
  CHECK(rig.make_ready());
}

TEST_CASE("it waits for the network, and does not connect at the moment when it comes") {
  SessionRig rig;
  rig.system.link = false;
  rig.run(20000, 100);
  CHECK(rig.session().state() == State::LinkWait);
  CHECK(rig.transport.opens == 0);
  rig.system.link = true;
  rig.run(20, 20);
  CHECK(rig.session().state() == State::Backoff);
  CHECK(rig.session().retry_at_ms() <= rig.clock.now_ms + 5000);
  REQUIRE(rig.make_ready());
  // Lost and back after the planned time: again not at once.
  rig.system.link = false;
  rig.transport.end();
  rig.run(600000, 1000);
  CHECK(rig.session().state() == State::LinkWait);
  rig.system.link = true;
  rig.run(20, 20);
  CHECK(rig.session().state() == State::Backoff);
  CHECK(rig.session().retry_at_ms() >= rig.clock.now_ms);
  CHECK(rig.make_ready());
}

TEST_CASE("[H-1] the token stands in the header, with the CA of the configuration") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  CHECK(rig.transport.authorization == "Bearer token-a");
  CHECK(rig.transport.ca_pem == "CA");
  CHECK(rig.transport.host == "gateway.test");
}

TEST_CASE("[S-1] [S-13] hello comes first and once, with boot, firmware, model and capabilities") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  rig.run(30000, 100);
  REQUIRE(rig.gateway.hellos.size() == 1);
  CHECK(rig.transport.sent.front() ==
        R"({"type":"hello","boot":"boot-1","firmware":"1.0.0","model":"rig","capabilities":["commands"]})");
}

TEST_CASE("[S-3] only welcome makes it ready: before it nothing but hello is sent") {
  SessionRig rig;
  rig.gateway.says_welcome = false;
  rig.push(R"("temp":1)");
  rig.session().log("info", "early");
  rig.session().report_settings(1, "{}");
  rig.run(20000, 100);
  CHECK(rig.session().state() == State::Hello);
  CHECK(rig.transport.sent.size() == 1);
  rig.gateway.welcome();
  rig.run(20, 20);
  CHECK(rig.is_ready());
  CHECK(rig.transport.sent.size() == 4);
  CHECK(rig.session().session_number() == 1);  // [S-4]
}

TEST_CASE("a gateway that never says welcome is left after a minute") {
  SessionRig rig;
  rig.gateway.says_welcome = false;
  rig.run_until([&] { return rig.session().state() == State::Hello; }, 40000);
  rig.run_until([&] { rig.transport.alive(); return rig.session().state() != State::Hello; }, 70000, 100);
  CHECK(rig.transport.closes == 1);
  rig.run(100);
  CHECK(rig.session().last_closed().fail == OpenFail::Timeout);
}

TEST_CASE("an attempt that hangs is closed after three minutes") {
  SessionRig rig;
  rig.gateway.door = FakeGateway::Door::Silent;
  rig.run_until([&] { return rig.transport.opens == 1; }, 40000);
  rig.run(179000, 1000);
  CHECK(rig.session().state() == State::Opening);
  rig.run(3000, 100);
  CHECK(rig.transport.closes == 1);
  CHECK(rig.session().last_closed().fail == OpenFail::Timeout);
}

TEST_CASE("[M-2] unknown, unreadable and binary frames are passed over and counted") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  rig.transport.text(R"({"type":"firmware_offer","id":"x"})");
  rig.transport.text("not json");
  rig.transport.text("{}");
  rig.transport.binary(std::string("\x02\x00\x00", 3));
  rig.gateway.welcome();  // a second one
  rig.run(100);
  CHECK(rig.is_ready());
  CHECK(rig.session().counters().strange_frames == 5);
  CHECK(rig.session().session_number() == 1);
}

TEST_CASE("[S-8] after a bye of the gateway nothing is sent, and its hint decides the wait") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  rig.gateway.bye(4021, 15000);
  rig.run(20);
  CHECK(rig.session().state() == State::Leaving);
  const size_t sent = rig.transport.sent.size();
  rig.push(R"("temp":1)");
  rig.session().log("info", "late");
  rig.transport.text(R"({"type":"command","id":"c1","name":"x","params":{},"expires_in_ms":1000})");
  rig.run(1000);
  CHECK(rig.transport.sent.size() == sent);
  CHECK(rig.handler.calls.empty());
  const uint64_t closed_at_ms = rig.clock.now_ms;
  rig.transport.end();
  rig.run(20);
  CHECK(rig.session().last_bye_code() == 4021);
  CHECK(rig.session().retry_at_ms() >= closed_at_ms + 15000);
  CHECK(rig.session().retry_at_ms() <= closed_at_ms + 22600);
  CHECK(rig.make_ready());
}

TEST_CASE("[S-8] a gateway that does not close after its bye is closed within 2 s") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  rig.gateway.bye(1012, 1000);
  rig.run(2100);
  CHECK(rig.transport.closes == 1);
  CHECK(rig.transport.ends == 1);
}

TEST_CASE("[S-14] time comes from welcome and never steps back") {
  SessionRig rig;
  uint64_t wall_ms = 0;
  CHECK_FALSE(rig.session().wall_ms(wall_ms));
  REQUIRE(rig.make_ready());
  REQUIRE(rig.session().wall_ms(wall_ms));
  CHECK(rig.gateway.now_ms - wall_ms <= kOneTickMs);
  rig.gateway.now_ms -= 50000;
  rig.transport.end();
  rig.run(20);
  REQUIRE(rig.make_ready());
  uint64_t later_ms = 0;
  REQUIRE(rig.session().wall_ms(later_ms));
  CHECK(later_ms >= wall_ms);
  rig.stay(100000, 100);
  REQUIRE(rig.session().wall_ms(later_ms));
  CHECK(rig.gateway.now_ms - later_ms <= kOneTickMs);
}

TEST_CASE("a gateway without a clock of its own sets no time") {
  SessionRig rig;
  rig.gateway.now_ms = 1000;
  rig.push(R"("temp":1)");
  REQUIRE(rig.make_ready());
  rig.run(100);
  uint64_t wall_ms = 0;
  CHECK_FALSE(rig.session().wall_ms(wall_ms));
  REQUIRE(rig.gateway.published.size() == 1);
  CHECK(has_field(rig.gateway.published[0].frame, "age_ms"));
}

TEST_CASE("new settings end an open session and connect again at once") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  rig.configure();
  rig.run(200);
  CHECK(rig.transport.closes == 1);
  CHECK(rig.transport.opens == 2);
  CHECK(rig.is_ready());
}

TEST_CASE("every open has exactly one end, and the states name themselves") {
  SessionRig rig;
  for (int i = 0; i < 5; i++) {
    REQUIRE(rig.run_until([&] { return rig.is_ready(); }, 400000));
    rig.stay(61000);
    rig.transport.end();
    rig.run(20);
    CHECK(rig.transport.ends == rig.transport.opens);
  }
  CHECK(rig.session().counters().sessions == 5);
  CHECK(rig.transport.violations == 0);
  for (int state = 0; state <= static_cast<int>(State::Leaving); state++) {
    CHECK(std::string(session_state_text(static_cast<State>(state))).size() > 0);
  }
}
