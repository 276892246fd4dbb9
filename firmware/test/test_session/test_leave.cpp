#include <doctest/doctest.h>

#include "fakes/session_rig.hpp"

using namespace fairlead;
using namespace fairlead::fakes;

TEST_CASE("[S-6] leaving says bye last and closes; it does not come back") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  rig.session().log("info", "good night");
  rig.session().leave(0);
  CHECK_FALSE(rig.session().left());
  rig.run(60);
  CHECK(rig.session().left());
  REQUIRE(rig.gateway.byes.size() == 1);
  CHECK(rig.transport.sent.back() == R"({"type":"bye"})");
  CHECK(rig.gateway.logs.size() == 1);
  CHECK(rig.transport.closes == 1);
  rig.run(600000, 1000);
  CHECK(rig.transport.opens == 1);
  CHECK(rig.session().state() == SessionState::Leaving);
  rig.configure();
  CHECK(rig.make_ready());
  CHECK(rig.gateway.violations == 0);
}

TEST_CASE("[S-6] with a time to sleep it says so, and is back by then if it did not sleep") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  rig.session().leave(600);
  rig.run(60);
  CHECK(rig.transport.sent.back() == R"({"type":"bye","sleep_s":600})");
  CHECK(rig.session().left());
  rig.run(590000, 1000);
  CHECK(rig.transport.opens == 1);
  CHECK(rig.run_until([&] { return rig.is_ready(); }, 20000));
}

TEST_CASE("leaving is possible in every state") {
  for (const int state : {0, 1, 2}) {
    SessionRig rig;
    rig.gateway.door = state == 0 ? FakeGateway::Door::Accept : FakeGateway::Door::Silent;
    if (state == 1) REQUIRE(rig.run_until([&] { return rig.transport.opens == 1; }, 40000));
    if (state == 2) {
      rig.gateway.door = FakeGateway::Door::Accept;
      rig.gateway.says_welcome = false;
      REQUIRE(rig.run_until([&] { return rig.session().state() == SessionState::Hello; }, 40000));
    }
    rig.session().leave(0);
    rig.run(60);
    CHECK(rig.session().left());
    CHECK(rig.gateway.byes.size() == (state == 2 ? 1 : 0));
    CHECK(rig.transport.ends == rig.transport.opens);
    CHECK(rig.transport.violations == 0);
  }
}

TEST_CASE("results that wait are sent before the bye") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  rig.gateway.command("c1", "restart");
  rig.handler.on_call = [&](const CommandCall& call) {
    rig.session().finish_ok(call.id, "");
    rig.session().leave(0);
  };
  rig.run(60);
  CHECK(rig.gateway.results.count("c1") == 1);
  CHECK(rig.transport.sent.back() == R"({"type":"bye"})");
}
