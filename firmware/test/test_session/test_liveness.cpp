#include <doctest/doctest.h>

#include "fakes/session_rig.hpp"

using namespace fairlead;
using namespace fairlead::fakes;

TEST_CASE("[S-11] silence: a ping of its own after the interval, the end after interval + timeout + 10 s") {
  SessionRig rig;
  rig.gateway.ping_interval_ms = 20000;
  rig.gateway.pong_timeout_ms = 5000;
  REQUIRE(rig.make_ready());
  rig.run(20000);
  CHECK(rig.transport.pings == 0);
  rig.run(100);
  CHECK(rig.transport.pings == 1);
  rig.run(14800);
  CHECK(rig.transport.pings == 1);
  CHECK(rig.is_ready());
  rig.run(200);
  CHECK(rig.transport.closes == 1);
  CHECK(rig.session().last_closed().fail == OpenFail::Timeout);
  CHECK(rig.make_ready());
}

TEST_CASE("[S-11] any sign of life counts: a ping or pong, a message, also one that cannot be read") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  for (int i = 0; i < 30; i++) {
    if (i % 3 == 0) rig.transport.alive();
    if (i % 3 == 1) rig.transport.text(R"({"type":"ack","seq":1})");
    if (i % 3 == 2) rig.transport.text("strange");
    rig.run(17000, 100);
  }
  CHECK(rig.is_ready());
  CHECK(rig.transport.pings == 0);
}

TEST_CASE("a silence in the hello state is noticed as well") {
  SessionRig rig;
  rig.gateway.says_welcome = false;
  REQUIRE(rig.run_until([&] { return rig.session().state() == SessionState::Hello; }, 40000));
  rig.run(36200, 100);
  CHECK(rig.transport.closes == 1);
}

TEST_CASE("a ping that cannot be sent ends the session") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  rig.transport.pings_work = false;
  rig.run(18200, 100);
  CHECK(rig.session().state() == SessionState::Leaving);
  rig.run(2100, 100);
  CHECK(rig.transport.ends == 1);
}

TEST_CASE("what waited in the socket while the task was busy counts as life") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  rig.clock.advance(120000);  // a sensor library that blocked everything
  rig.transport.alive();
  rig.tick();
  rig.run(100);
  CHECK(rig.is_ready());
}
