#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fairlead/outbox.hpp"
#include "fakes/fake_clock.hpp"
#include "fakes/fake_entropy.hpp"
#include "fakes/nor_flash.hpp"

using namespace fairlead;
using namespace fairlead::fakes;

namespace {

constexpr size_t kSectors = 32, kSectorBytes = 4096, kLogBytes = kSectors * kSectorBytes;
constexpr uint64_t kHourMs = 3600 * 1000;

struct WearRig {
  FakeClock clock{1000};
  FakeEntropy entropy;
  NorFlash flash{kSectors};
  uint8_t ring[4096];
  Outbox outbox{{ring, sizeof ring}, &flash, clock, entropy};
  WearRig() { REQUIRE(outbox.begin("boot-1") == Status::Ok); }

  bool stream() {
    uint32_t seq = 0;
    return outbox.push_telemetry(RecordClass::Stream, "", "\"v\":\"" + std::string(180, 'x') + "\"", seq) == Status::Ok;
  }
  uint32_t event() {
    uint32_t seq = 0;
    CHECK(outbox.push_event("door", "1", seq) == Status::Ok);
    return seq;
  }
  /** A sketch that reports ten times a second without a gateway. */
  void flood(uint64_t ms) {
    for (uint64_t at_ms = 0; at_ms < ms; at_ms += 100) {
      clock.advance(100);
      (void)stream();
      outbox.tick();
    }
  }
  uint32_t written_bytes() const { return outbox.stats().flash_written_kib * 1024; }
};

}  // namespace

TEST_CASE("however fast a sketch reports offline, the log is written once around in an hour at most") {
  WearRig rig;
  rig.flood(kHourMs);  // a quarter at the start, and what an hour gives
  CHECK(rig.written_bytes() <= kLogBytes + kLogBytes / 4);
  CHECK(rig.written_bytes() >= kLogBytes);
  const uint32_t before = rig.written_bytes();
  rig.flood(4 * kHourMs);
  CHECK(rig.written_bytes() - before <= 4 * kLogBytes + kLogBytes / 16 + 2048);
  const OutboxStats stats = rig.outbox.stats();
  CHECK(stats.wear_pauses > 0);
  CHECK(stats.dropped_stream > 0);  // counted, whatever the reason
  CHECK(stats.flash_erasures <= 6);
  // Ten years at this rate are within the 100,000 erasures that a sector bears.
  CHECK(10 * 365 * 24 * kHourMs / kOnceAroundMs < 100000);
}

TEST_CASE("when streams have used up their share, events still go to flash at once") {
  WearRig rig;
  rig.flood(20 * 60 * 1000);
  REQUIRE(rig.outbox.stats().wear_pauses > 0);
  for (int i = 0; i < 100; i++) CHECK(rig.outbox.is_durable(rig.event()));
}

TEST_CASE("events without end stay in RAM in the end, and what is there goes to flash before a restart all the same") {
  WearRig rig;
  uint32_t last = 0;
  for (int i = 0; i < 20000 && rig.outbox.stats().wear_pauses == 0; i++) last = rig.event();
  CHECK(rig.outbox.stats().wear_pauses == 1);
  CHECK_FALSE(rig.outbox.is_durable(last));
  CHECK(rig.outbox.flush() == Status::Ok);
  CHECK(rig.outbox.is_durable(last));
  CHECK(rig.outbox.stats().wear_pauses == 1);
}

TEST_CASE("time gives it back: after a quiet hour the whole log can be filled at once") {
  WearRig rig;
  rig.flood(20 * 60 * 1000);
  rig.clock.advance(2 * kHourMs);
  const uint32_t before = rig.written_bytes(), pauses = rig.outbox.stats().wear_pauses;
  rig.flood(40 * 1000);
  CHECK(rig.outbox.stats().wear_pauses == pauses);
  CHECK(rig.written_bytes() - before > kLogBytes / 2);
}
