#include <doctest/doctest.h>

#include "fairlead/boot_guard.hpp"
#include "fairlead/wide_millis.hpp"
#include "fakes/fake_clock.hpp"
#include "fakes/fake_system.hpp"
#include "fakes/memory_store.hpp"

using namespace fairlead;
using namespace fairlead::fakes;

namespace {

struct Device {
  /** A start for this reason; runs for so long afterwards. True: in safe mode. */
  bool start(ResetReason reason, uint64_t uptime_ms, bool ready = false) {
    system.reason = reason;
    BootGuard guard(store, system);
    const bool safe = guard.begin(1000);
    for (uint64_t at_ms = 0; at_ms <= uptime_ms; at_ms += 1000) guard.tick(1000 + at_ms, ready);
    crashes = guard.crashes();
    return safe;
  }
  MemoryStore store;
  FakeSystem system;
  uint8_t crashes = 0;
};

}  // namespace

TEST_CASE("three crashes in a row are safe mode, for each reason that is a crash") {
  for (const ResetReason reason : {ResetReason::Panic, ResetReason::Watchdog}) {
    Device device;
    CHECK_FALSE(device.start(reason, 10'000));
    CHECK_FALSE(device.start(reason, 299'000));
    CHECK(device.start(reason, 0));
    CHECK(device.start(reason, 0));
    CHECK(device.crashes == 4);
  }
}

TEST_CASE("starts that are no crash do not count") {
  Device device;
  for (const ResetReason reason : {ResetReason::PowerOn, ResetReason::Software, ResetReason::Brownout,
                                   ResetReason::DeepSleep, ResetReason::Other}) {
    for (int i = 0; i < 5; ++i) CHECK_FALSE(device.start(reason, 0));
  }
  CHECK(device.store.writes == 0);
}

TEST_CASE("crashes five minutes apart are no loop") {
  Device device;
  for (int i = 0; i < 10; ++i) CHECK_FALSE(device.start(ResetReason::Panic, 300'000));
}

TEST_CASE("a session that was ready for 60 s clears the count, a shorter one does not") {
  Device device;
  CHECK_FALSE(device.start(ResetReason::Panic, 1000));
  CHECK_FALSE(device.start(ResetReason::Panic, 60'000, true));
  CHECK(device.crashes == 0);
  CHECK_FALSE(device.start(ResetReason::Panic, 1000));
  CHECK_FALSE(device.start(ResetReason::Panic, 59'000, true));
  CHECK(device.start(ResetReason::Panic, 1000));
}

TEST_CASE("ready counts anew after each loss of the session") {
  Device device;
  device.system.reason = ResetReason::Panic;
  BootGuard guard(device.store, device.system);
  CHECK_FALSE(guard.begin(0));
  for (uint64_t at_ms = 0; at_ms < 200'000; at_ms += 1000) guard.tick(at_ms, at_ms % 50'000 != 0);
  CHECK(guard.crashes() == 1);
}

TEST_CASE("safe mode ends with a planned restart, comes back with the next crash, and a power-on is a fresh start") {
  Device device;
  for (int i = 0; i < 3; ++i) device.start(ResetReason::Watchdog, 0);
  CHECK_FALSE(device.start(ResetReason::Software, 1000));
  CHECK(device.start(ResetReason::Watchdog, 1000));
  CHECK_FALSE(device.start(ResetReason::PowerOn, 1000));
  CHECK_FALSE(device.start(ResetReason::Watchdog, 1000));
}

TEST_CASE("it touches its own key alone, whatever happens") {
  Device device;
  device.store.values["token_a"] = {1, 2, 3};
  device.store.values["wifi"] = {4};
  for (int i = 0; i < 300; ++i) device.start(ResetReason::Panic, 0);
  CHECK(device.crashes == 255);
  CHECK(device.store.values.size() == 3);
  CHECK(device.store.values["token_a"] == std::vector<uint8_t>{1, 2, 3});
  CHECK(device.store.values["wifi"] == std::vector<uint8_t>{4});
}

TEST_CASE("a store that fails or holds nonsense does not keep the sketch from running") {
  Device device;
  device.store.powered = false;
  for (int i = 0; i < 5; ++i) CHECK_FALSE(device.start(ResetReason::Panic, 0));
  device.store.power_on();
  device.store.values["boot_guard"] = {9, 9, 9};
  CHECK_FALSE(device.start(ResetReason::Panic, 0));
}

TEST_CASE("a clock of 32 bits is widened over its wrap") {
  FakeClock clock(0xFFFFFFFF - 1500);
  const FakeMillis millis(clock);
  WideMillis wide;
  const uint64_t start = wide.widen(millis());
  for (int i = 0; i < 10'000; ++i) {
    clock.advance(700'000);
    CHECK(wide.widen(millis()) - start == static_cast<uint64_t>(i + 1) * 700'000);
  }
}
