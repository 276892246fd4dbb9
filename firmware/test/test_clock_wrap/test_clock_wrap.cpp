#include <doctest/doctest.h>

#include "fairlead/wide_millis.hpp"
#include "fakes/session_rig.hpp"

using namespace fairlead;
using namespace fairlead::fakes;

namespace {

/** Arduino's 32-bit millis(), widened as the ESP32 adapter does. */
struct WrappingClock : Clock {
  explicit WrappingClock(const FakeClock& clock) : millis(clock) {}
  uint64_t mono_ms() override { return wide.widen(millis()); }
  FakeMillis millis;
  WideMillis wide;
};

/** A device that was started so long ago that the counter wraps after five seconds of the test. */
struct WrapRig : SessionRig {
  explicit WrapRig(uint64_t start_ms) : SessionRig(start_ms), wrapping(clock) {
    boot = std::make_unique<Boot>(wrapped, handler, "boot-w", 16 * 1024);
    configure();
  }
  WrappingClock wrapping;
  Ports wrapped{wrapping, entropy, store, system, transport};
};

constexpr uint64_t kWrapMs = 1ULL << 32;
constexpr uint64_t kStarts[] = {kWrapMs - 5000, kWrapMs / 2 - 5000, 2 * kWrapMs - 5000};

bool has_wrapped(const WrapRig& rig) { return rig.clock.now_ms > kWrapMs / 2; }

}  // namespace

TEST_CASE("the widened clock goes on over every wrap") {
  FakeClock clock(kWrapMs - 5000);
  WrappingClock wrapping(clock);
  uint64_t last_ms = wrapping.mono_ms();
  for (int i = 0; i < 5000; i++) {
    clock.advance(3600000);
    CHECK(wrapping.mono_ms() == last_ms + 3600000);
    last_ms += 3600000;
  }
}

TEST_CASE("a first wait, a session and its acknowledgements go over the wrap") {
  for (const uint64_t start_ms : kStarts) {
    WrapRig rig(start_ms);
    rig.push(R"("n":1)");
    REQUIRE(rig.make_ready());
    rig.stay(30000);
    CHECK(rig.is_ready());
    CHECK(rig.transport.opens == 1);
    CHECK(rig.gateway.published.size() == 1);
    CHECK(number_field(rig.gateway.published[0].frame, "age_ms") +
              number_field(rig.gateway.published[0].frame, "ts") > 0);
    CHECK(has_wrapped(rig));
  }
}

TEST_CASE("silence over the wrap is noticed in time, and no sooner") {
  for (const uint64_t start_ms : kStarts) {
    WrapRig rig(start_ms);
    REQUIRE(rig.run_until([&] { return rig.is_ready(); }, 5000));
    const uint64_t from_ms = rig.clock.now_ms;
    REQUIRE(rig.run_until([&] { return rig.transport.closes == 1; }, 60000));
    CHECK(rig.clock.now_ms - from_ms >= 35900);
    CHECK(rig.clock.now_ms - from_ms <= 36100);
  }
}

TEST_CASE("a wait that was drawn before the wrap ends after it, as long as it was drawn") {
  for (const uint64_t start_ms : kStarts) {
    WrapRig rig(start_ms);
    REQUIRE(rig.run_until([&] { return rig.is_ready(); }, 5000));
    rig.gateway.bye(1013, 20000);
    rig.run(40);
    rig.transport.end();
    rig.run(40);
    const uint64_t from_ms = rig.clock.now_ms;
    REQUIRE(rig.run_until([&] { return rig.transport.opens == 2; }, 60000));
    CHECK(rig.clock.now_ms - from_ms >= 19900);
    CHECK(rig.clock.now_ms - from_ms <= 30100);
  }
}

TEST_CASE("wall time goes on over the wrap") {
  WrapRig rig(kWrapMs - 5000);
  REQUIRE(rig.run_until([&] { return rig.is_ready(); }, 5000));
  for (int i = 0; i < 30; i++) {
    rig.transport.alive();
    rig.run(1000, 100);
    uint64_t wall_ms = 0;
    REQUIRE(rig.session().wall_ms(wall_ms));
    CHECK(rig.gateway.now_ms - wall_ms <= 100);  // a welcome is read one tick after it was written
  }
}

TEST_CASE("a year without a gateway, over seven wraps: it still tries, and comes through in the end") {
  SessionRig rig(kWrapMs - 5000);
  rig.gateway.door = FakeGateway::Door::Fail;
  rig.run(365ULL * 24 * 3600000, 30000);
  CHECK(rig.transport.opens > 365 * 24 * 8);
  CHECK(rig.transport.opens <= 365 * 24 * 30);
  rig.gateway.door = FakeGateway::Door::Accept;
  CHECK(rig.run_until([&] { return rig.is_ready(); }, 600000, 1000));
}
