#include <doctest/doctest.h>

#include <vector>

#include "fakes/session_rig.hpp"

using namespace fairlead;
using namespace fairlead::fakes;

namespace {

constexpr uint64_t kMinute = 60000, kHour = 60 * kMinute;

/** Runs until the device asks for a restart; gives the time it took. */
uint64_t time_to_restart(SessionRig& rig, uint64_t max_ms) {
  const uint64_t from_ms = rig.clock.now_ms;
  const int before = rig.system.restarts;
  rig.run_until([&] { return rig.system.restarts > before; }, max_ms, 1000);
  return rig.clock.now_ms - from_ms;
}

}  // namespace

TEST_CASE("5 attempts without an answer associate again, 10 switch the radio off and on") {
  SessionRig rig;
  rig.gateway.door = FakeGateway::Door::Fail;
  REQUIRE(rig.run_until([&] { return rig.transport.ends == 4; }, kHour));
  CHECK(rig.system.recoveries == 0);
  REQUIRE(rig.run_until([&] { return rig.transport.ends == 5; }, kHour));
  CHECK(rig.system.recoveries == 1);
  CHECK(rig.system.last_recovery_level == 1);
  REQUIRE(rig.run_until([&] { return rig.transport.ends == 10; }, kHour));
  CHECK(rig.system.recoveries == 2);
  CHECK(rig.system.last_recovery_level == 2);
}

TEST_CASE("a refusal proves that the network works: no recovery, no restart") {
  SessionRig rig;
  rig.gateway.door = FakeGateway::Door::Refuse;
  rig.run(12 * kHour, 1000);
  CHECK(rig.transport.opens > 50);
  CHECK(rig.system.recoveries == 0);
  CHECK(rig.system.restarts == 0);
}

TEST_CASE("a word of the gateway starts the count and the clock of the silence anew") {
  SessionRig rig;
  rig.gateway.door = FakeGateway::Door::Fail;
  REQUIRE(rig.run_until([&] { return rig.transport.ends == 4; }, kHour));
  rig.gateway.door = FakeGateway::Door::Refuse;
  REQUIRE(rig.run_until([&] { return rig.transport.ends == 5; }, kHour));
  rig.gateway.door = FakeGateway::Door::Fail;
  REQUIRE(rig.run_until([&] { return rig.transport.ends == 9; }, kHour));
  CHECK(rig.system.recoveries == 0);
  rig.run(40 * kMinute, 1000);
  rig.gateway.door = FakeGateway::Door::Accept;
  REQUIRE(rig.run_until([&] { return rig.is_ready(); }, kHour));
  rig.gateway.door = FakeGateway::Door::Fail;
  rig.transport.end();
  rig.run(59 * kMinute, 1000);
  CHECK(rig.system.restarts == 0);
  rig.run(2 * kMinute, 1000);
  CHECK(rig.system.restarts == 1);
  rig.run(90 * kMinute, 1000);  // where restart() returns, it is not asked for again at once
  CHECK(rig.system.restarts == 1);
}

TEST_CASE("a long hint of the gateway is waited out, not cut short by a restart") {
  SessionRig rig;
  REQUIRE(rig.make_ready());
  rig.gateway.bye(1013, 5 * kHour);
  rig.run(20);
  rig.transport.end();
  const int opens = rig.transport.opens;
  rig.run(5 * kHour - kMinute, 1000);
  CHECK(rig.transport.opens == opens);
  CHECK(rig.system.restarts == 0);
}

TEST_CASE("60 minutes without a session while the link is up restart the device, then 120, 240, 360") {
  SessionRig rig;
  rig.gateway.door = FakeGateway::Door::Fail;
  for (const uint64_t minutes : {60, 120, 240, 360, 360}) {
    const uint64_t took_ms = time_to_restart(rig, 8 * kHour);
    CHECK(took_ms >= minutes * kMinute - kMinute);
    CHECK(took_ms <= minutes * kMinute + kMinute);
    rig.reboot();
    rig.configure();
  }
  CHECK(rig.system.restart_why == "no session for too long");
  rig.gateway.door = FakeGateway::Door::Accept;
  REQUIRE(rig.run_until([&] { return rig.is_ready(); }, kHour));
  rig.stay(70000);
  rig.reboot();
  rig.configure();
  rig.gateway.door = FakeGateway::Door::Fail;
  CHECK(time_to_restart(rig, 8 * kHour) <= 61 * kMinute);  // a good minute made it forget the others
}

TEST_CASE("without a link there is no restart, but the radio is switched off and on every 15 minutes") {
  SessionRig rig;
  rig.system.link = false;
  rig.run(4 * kHour + kMinute, 1000);
  CHECK(rig.system.restarts == 0);
  CHECK(rig.system.recoveries == 16);
  CHECK(rig.system.last_recovery_level == 2);
  CHECK(rig.transport.opens == 0);
}

TEST_CASE("no memory asks for a restart, but not in a device that has only just started") {
  SessionRig rig;
  rig.gateway.door = FakeGateway::Door::Fail;
  rig.gateway.fail = OpenFail::NoMemory;
  const uint64_t first_ms = time_to_restart(rig, kHour);
  CHECK(rig.system.restart_why == "no memory for TLS");
  CHECK(first_ms >= 5 * kMinute);
  rig.reboot();
  rig.configure();
  CHECK(time_to_restart(rig, kHour) >= 10 * kMinute);
}

TEST_CASE("an unprovisioned device, and one that left, is not restarted") {
  SessionRig rig;
  rig.session().configure(SessionConfig{});
  rig.run(3 * kHour, 1000);
  rig.configure();
  REQUIRE(rig.make_ready());
  rig.session().leave(0);
  rig.run(3 * kHour, 1000);
  CHECK(rig.system.restarts == 0);
}
