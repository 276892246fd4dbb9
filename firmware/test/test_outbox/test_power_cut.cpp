#include <doctest/doctest.h>

#include "scripted_device.hpp"

using namespace fairlead;
using namespace fairlead::fakes;

namespace {

/** After each possible cut a fresh device mounts what is left, reads all of it, writes on, and mounts again. */
class CheckedFlash : public WatchedFlash {
 public:
  CheckedFlash(size_t sectors, const OutboxModel& model) : WatchedFlash(sectors), model_(model) {}

  void on_cut(NorFlash& left) override {
    if (!failure.empty()) return;
    static uint8_t ring[limits::kRingBytes];
    FakeClock clock;
    FakeEntropy entropy(cuts);
    Outbox outbox({ring, sizeof ring}, &left, clock, entropy);
    if (outbox.begin("after-cut") != Status::Ok) failure = "begin";
    const std::vector<DrainedRecord> drained = drain(outbox);
    if (failure.empty()) failure = model_.check(drained, drops_allowed);
    most_repeats = std::max(most_repeats, model_.repeats(drained));
    uint32_t seq = 0;
    if (outbox.push_event("after", "1", seq) != Status::Ok || !outbox.is_durable(seq)) failure = "no event after the cut";
    Outbox again({ring, sizeof ring}, &left, clock, entropy);
    if (again.begin("after-that") != Status::Ok) failure = "second begin";
    const std::vector<DrainedRecord> more = drain(again);
    if (more.empty() || more.back().boot != "after-cut" || more.back().seq != seq) failure = "the event after the cut is lost";
    if (drops_allowed == 0 && more.size() != drained.size() + 1) failure = "the second mount reads something else";
    if (left.violations > 0) failure = "a word was programmed twice";
  }

  std::string failure;
  size_t drops_allowed = 0, most_repeats = 0;

 private:
  const OutboxModel& model_;
};

}  // namespace

TEST_CASE("a power cut in any flash operation loses no record that was promised, and corrupts none") {
  uint64_t cuts = 0, operations = 0;
  size_t most_repeats = 0;
  for (const uint64_t seed : {1u, 2u, 3u, 4u}) {
    OutboxModel model;
    CheckedFlash flash(24, model);
    ScriptedDevice device(flash, model, seed);
    for (int i = 0; i < 400 && flash.failure.empty(); ++i) device.step();
    CHECK(flash.failure == "");
    CHECK(flash.violations == 0);
    CHECK(device.outbox.stats().dropped_event == 0);
    CHECK(device.outbox.stats().dropped_stream == 0);
    cuts += flash.cuts;
    operations += flash.operations;
    most_repeats = std::max(most_repeats, flash.most_repeats);
  }
  MESSAGE(operations, " flash operations, ", cuts, " power cuts, at most ", most_repeats, " acknowledged records sent again");
  CHECK(cuts > 5000);
  CHECK(most_repeats <= kProgressEvery + 64);
}

TEST_CASE("a power cut while a full log drops its oldest streams loses no event and nothing beyond what was dropped") {
  OutboxModel model;
  CheckedFlash flash(5, model);
  flash.drops_allowed = SIZE_MAX;
  ScriptedDevice device(flash, model, 7);
  for (int i = 0; i < 350 && flash.failure.empty(); ++i) {
    if (i % 20 == 0) device.push_event();
    device.push_stream();
    device.tick(31'000);
    // Offline, nothing acknowledged: what is promised and gone is a stream that the log has counted.
    const std::vector<DrainedRecord> drained = drain(device.outbox);
    CHECK(model.check(drained, device.outbox.stats().dropped_stream) == "");
  }
  CHECK(flash.failure == "");
  CHECK(device.outbox.stats().dropped_stream > 50);
  CHECK(device.outbox.stats().dropped_event == 0);
}

TEST_CASE("random lives with power cuts: what was promised comes back, in order, from any number of boots") {
  uint64_t cuts = 0;
  for (uint64_t seed = 100; seed < 130; ++seed) {
    OutboxModel model;
    NorFlash flash(20);
    ScriptedDevice device(flash, model, seed);
    for (int life = 0; life < 12; ++life) {
      flash.cut_power_at(1 + device.random.below(60), device.random.below(257));
      for (int i = 0; i < 150 && flash.powered; ++i) device.step();
      cuts += flash.powered ? 0 : 1;
      flash.power_on();
      device.restart();
      CHECK(model.check(drain(device.outbox)) == "");
    }
    device.set_online(true);
    for (int i = 0; i < 200 && device.outbox.unacknowledged() > 0; ++i) device.send(30);
    CHECK(device.outbox.unacknowledged() == 0);
    device.restart();
    CHECK(drain(device.outbox).empty());
    CHECK(flash.violations == 0);
  }
  MESSAGE(cuts, " power cuts survived");
  CHECK(cuts > 100);
}
