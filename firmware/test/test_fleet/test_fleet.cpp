#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "fakes/session_rig.hpp"

using namespace fairlead;
using namespace fairlead::fakes;

namespace {

constexpr size_t kDevices = 1000;
constexpr uint64_t kStepMs = 100;
constexpr uint64_t kMinute = 60000;

/** One device of the fleet: its own everything but the clock, as 1,000 of them have. */
struct Device : SessionRig {
  explicit Device(uint64_t seed) : SessionRig(0, seed, 1024) {}
};

/** A thousand sessions on one virtual clock, and who tries when. */
class Fleet {
 public:
  explicit Fleet(ResetReason reason) {
    for (size_t i = 0; i < kDevices; i++) {
      devices_.push_back(std::make_unique<Device>(i + 1));
      Device& device = *devices_.back();
      device.system.reason = reason;
      const auto answer = device.transport.answer;
      device.transport.answer = [this, answer](FakeTransport& transport) {
        tries_in_second_++;
        attempts++;
        answer(transport);
      };
    }
  }

  void run(uint64_t ms, uint64_t step_ms = kStepMs) {
    for (const uint64_t end_ms = now_ms + ms; now_ms < end_ms; now_ms += step_ms) {
      for (const auto& device : devices_) {
        device->clock.now_ms = now_ms;
        if (device->is_ready()) device->transport.alive();
        device->tick();
      }
      if ((now_ms + step_ms) % 1000 != 0) continue;
      per_second.push_back(tries_in_second_);
      tries_in_second_ = 0;
    }
  }
  void door(FakeGateway::Door door, uint16_t status = 503) {
    for (const auto& device : devices_) {
      device->gateway.door = door;
      device->gateway.refuse_status = status;
    }
  }
  void drop_all() {
    for (const auto& device : devices_) {
      if (device->transport.is_open) device->transport.end();
    }
  }
  /** A planned restart: a bye for each, spread over `ms`. */
  void say_bye(uint16_t code, uint64_t hint_ms, uint64_t ms) {
    for (uint64_t at_ms = 0; at_ms < ms; at_ms += kStepMs) {
      const size_t from = kDevices * at_ms / ms, to = kDevices * (at_ms + kStepMs) / ms;
      for (size_t i = from; i < to; i++) {
        devices_[i]->gateway.bye(code, hint_ms);
        devices_[i]->transport.end();
      }
      run(kStepMs);
    }
  }
  size_t ready() const {
    return static_cast<size_t>(std::count_if(devices_.begin(), devices_.end(),
                                             [](const std::unique_ptr<Device>& one) { return one->is_ready(); }));
  }
  /** The busiest second from `from_s` on, as a count. */
  size_t peak(size_t from_s) const {
    return *std::max_element(per_second.begin() + static_cast<std::ptrdiff_t>(from_s), per_second.end());
  }
  void forget() {
    per_second.clear();
    attempts = 0;
  }

  uint64_t now_ms = 0;
  std::vector<size_t> per_second;
  size_t attempts = 0;

 private:
  std::vector<std::unique_ptr<Device>> devices_;
  size_t tries_in_second_ = 0;
};

std::string percent(size_t count) {
  return std::to_string(count * 100 / kDevices) + "." + std::to_string(count * 1000 / kDevices % 10) + " %";
}

/** The outage lasts ten minutes; the second half of the test is the recovery. */
void check_outage(Fleet& fleet, const char* what, size_t most_at_recovery) {
  fleet.run(10 * kMinute);
  const size_t first = fleet.peak(0), later = fleet.peak(10);
  const size_t outage_attempts = fleet.attempts;
  fleet.forget();
  fleet.door(FakeGateway::Door::Accept);
  fleet.run(10 * kMinute);
  const size_t recovery = fleet.peak(0);
  MESSAGE(std::string(what), ": busiest second ", percent(first), ", after 10 s ", percent(later), ", at recovery ",
          percent(recovery), "; attempts per device in the ten minutes ", outage_attempts / kDevices, ".",
          outage_attempts * 10 / kDevices % 10, "; ready ten minutes after recovery: ", fleet.ready());
  CHECK(later <= kDevices * 15 / 100);
  CHECK(recovery <= most_at_recovery);
  CHECK(fleet.ready() == kDevices);
}

void make_ready(Fleet& fleet) {
  fleet.run(2 * kMinute);
  REQUIRE(fleet.ready() == kDevices);
  fleet.forget();
}

}  // namespace

TEST_CASE("a gateway that is gone for ten minutes: no second sees much of the fleet") {
  Fleet fleet(ResetReason::PowerOn);
  fleet.run(2 * kMinute);
  REQUIRE(fleet.ready() == kDevices);
  MESSAGE("power-on: busiest second ", percent(fleet.peak(0)));
  CHECK(fleet.peak(0) <= kDevices * 15 / 100);
  fleet.forget();
  fleet.door(FakeGateway::Door::Fail);
  fleet.drop_all();
  check_outage(fleet, "lost without a word", kDevices * 2 / 100);
}

TEST_CASE("a planned restart that goes wrong: after the hint the fleet spreads as well") {
  Fleet fleet(ResetReason::Software);
  make_ready(fleet);
  fleet.door(FakeGateway::Door::Fail);
  fleet.say_bye(1012, 1000, 2000);
  check_outage(fleet, "bye 1012, then gone", kDevices * 2 / 100);
}

TEST_CASE("a gateway that answers 503 for ten minutes") {
  Fleet fleet(ResetReason::Software);
  make_ready(fleet);
  fleet.door(FakeGateway::Door::Refuse);
  fleet.drop_all();
  check_outage(fleet, "lost, then 503", kDevices * 2 / 100);
}

TEST_CASE("a site that gets its power back before its gateway") {
  Fleet fleet(ResetReason::PowerOn);
  fleet.door(FakeGateway::Door::Fail);
  check_outage(fleet, "power before gateway", kDevices * 2 / 100);
}

TEST_CASE("a planned restart of five seconds: the fleet is back within a minute") {
  Fleet fleet(ResetReason::Software);
  make_ready(fleet);
  fleet.door(FakeGateway::Door::Fail);
  fleet.say_bye(1012, 1000, 2000);
  fleet.run(5000);
  fleet.door(FakeGateway::Door::Accept);
  fleet.run(kMinute);
  MESSAGE("restart of 5 s: ready after a minute ", fleet.ready(), ", busiest second ", percent(fleet.peak(0)));
  CHECK(fleet.ready() >= kDevices * 99 / 100);
}

TEST_CASE("hours without a gateway: attempts per device and hour") {
  Fleet fleet(ResetReason::Software);
  make_ready(fleet);
  fleet.door(FakeGateway::Door::Fail);
  fleet.drop_all();
  constexpr uint64_t kHours = 3;
  for (uint64_t hour = 0; hour < kHours; hour++) {
    fleet.forget();
    fleet.run(60 * kMinute, 500);
    MESSAGE("hour ", hour + 1, ": ", fleet.attempts / kDevices, ".", fleet.attempts * 10 / kDevices % 10,
            " attempts per device, busiest second ", percent(fleet.peak(hour == 0 ? 10 : 0)));
    CHECK(fleet.attempts <= kDevices * kAttemptsPerHourMax);
    if (hour > 0) CHECK(fleet.peak(0) <= kDevices * 2 / 100);  // whenever it comes back
  }
}
