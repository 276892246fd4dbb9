#include <doctest/doctest.h>

#include "fakes/nor_flash.hpp"
#include "fakes/session_rig.hpp"

using namespace fairlead;
using namespace fairlead::fakes;

namespace {

/** A device whose outbox has flash below it. */
struct FlashRig : SessionRig {
  FlashRig() {
    flash = &nor;
    restart();
  }
  void restart() {
    reboot();
    configure();
  }
  uint32_t event() {
    uint32_t seq = 0;
    CHECK(outbox().push_event("door", "{}", seq) == Status::Ok);
    return seq;
  }
  NorFlash nor{16};
};

}  // namespace

TEST_CASE("[A-9] records of an earlier boot are sent first, with their boot, and acknowledged by it") {
  FlashRig rig;
  const std::string old_boot = rig.boot->boot_id;
  for (int i = 0; i < 3; i++) rig.event();
  rig.restart();
  rig.push(R"("n":1)");
  REQUIRE(rig.make_ready());
  rig.run(200);
  REQUIRE(rig.gateway.published.size() == 4);
  for (size_t i = 0; i < 3; i++) {
    CHECK(rig.gateway.published[i].boot == old_boot);
    CHECK(text_field(rig.gateway.published[i].frame, "boot") == old_boot);
    CHECK(rig.gateway.published[i].seq == i + 1);
  }
  CHECK_FALSE(has_field(rig.gateway.published[3].frame, "boot"));
  CHECK(rig.outbox().unacknowledged() == 0);
  CHECK(rig.gateway.violations == 0);
}

TEST_CASE("[A-2] records of two boots share one window, and each leaves it by its own acknowledgement") {
  FlashRig rig;
  const std::string old_boot = rig.boot->boot_id;
  for (int i = 0; i < 3; i++) rig.event();
  rig.restart();
  for (int i = 0; i < 3; i++) rig.push(R"("n":1)");
  rig.gateway.window_messages = 4;
  rig.gateway.acknowledges = false;
  REQUIRE(rig.make_ready());
  rig.run(200);
  CHECK(rig.gateway.unacknowledged() == 4);
  rig.gateway.forget_unacknowledged(3);
  rig.transport.text(R"({"type":"ack","seq":3,"boot":")" + old_boot + "\"}");
  rig.run(200);
  CHECK(rig.gateway.published.size() == 6);
  CHECK(rig.outbox().unacknowledged() == 3);
  CHECK(rig.gateway.violations == 0);
}

TEST_CASE("[A-7] a nack of an earlier boot ends that record alone") {
  FlashRig rig;
  const std::string old_boot = rig.boot->boot_id;
  rig.event();
  rig.event();
  rig.restart();
  rig.push(R"("n":1)");
  rig.gateway.acknowledges = false;
  REQUIRE(rig.make_ready());
  rig.run(200);
  rig.transport.text(R"({"type":"nack","seq":2,"boot":")" + old_boot + R"(","code":"malformed","reason":"test"})");
  rig.run(200);
  rig.transport.end();
  rig.run(40);
  REQUIRE(rig.make_ready());
  rig.run(200);
  CHECK(rig.gateway.repeats == 2);  // the first of the old boot and the one of this boot, not the refused one
}

TEST_CASE("the outbox knows whether there is a session: events go to flash at once without one, and not with one") {
  FlashRig rig;
  CHECK(rig.outbox().is_durable(rig.event()));
  rig.gateway.acknowledges = false;
  REQUIRE(rig.make_ready());
  CHECK_FALSE(rig.outbox().is_durable(rig.event()));
  rig.transport.end();
  rig.run(40);
  CHECK(rig.outbox().is_durable(rig.event()));
}

TEST_CASE("before the device restarts itself, everything it holds goes to flash") {
  FlashRig rig;
  rig.gateway.door = FakeGateway::Door::Fail;
  REQUIRE(rig.run_until([&] { return rig.system.restarts == 1; }, 2 * 3600000, 1000));
  rig.restart();
  rig.push(R"("n":1)");
  const uint64_t restarts_at_ms = rig.clock.now_ms + 120 * 60000;
  REQUIRE(rig.run_until([&] { return rig.clock.now_ms > restarts_at_ms - 5000; }, 3 * 3600000, 1000));
  uint32_t last = 0;
  REQUIRE(rig.outbox().push_telemetry(RecordClass::Latest, "n", R"("n":2)", last) == Status::Ok);  // else only in RAM
  CHECK_FALSE(rig.outbox().is_durable(last));
  rig.run(1000);
  CHECK_FALSE(rig.outbox().is_durable(last));
  REQUIRE(rig.run_until([&] { return rig.system.restarts == 2; }, 60000, 1000));
  CHECK(rig.outbox().is_durable(last));
  rig.restart();
  rig.gateway.door = FakeGateway::Door::Accept;
  REQUIRE(rig.run_until([&] { return rig.is_ready(); }, 3600000, 100));
  rig.run(200);
  CHECK(rig.gateway.published.size() == 2);
}
