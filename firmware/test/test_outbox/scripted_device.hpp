#pragma once
#include <doctest/doctest.h>

#include <new>
#include <string>

#include "fakes/outbox_model.hpp"

namespace fairlead::fakes {

/** A device that lives through a seeded random script and tells the model what it was told. */
class ScriptedDevice {
 public:
  ScriptedDevice(NorFlash& flash, OutboxModel& model, uint64_t seed) : random(seed), flash_(flash), model_(model) { restart(); }

  void restart() {
    ++boots_;
    model_.start("boot-" + std::to_string(boots_));
    outbox.~Outbox();
    new (&outbox) Outbox({ring_, sizeof ring_}, &flash_, clock, random);
    CHECK(outbox.begin(model_.boot()) == Status::Ok);
    online = false;
  }

  void push_event() {
    const std::string json = payload();
    const uint32_t seq = outbox.next_seq();
    model_.push(seq, RecordClass::Event, "door", json);
    uint32_t given = 0;
    if (outbox.push_event("door", json, given) == Status::Ok && !online && outbox.is_durable(seq)) model_.promise(seq);
  }
  void push_stream() {
    const std::string json = "\"v\":" + payload();
    model_.push(outbox.next_seq(), RecordClass::Stream, "", json);
    uint32_t seq = 0;
    CHECK(outbox.push_telemetry(RecordClass::Stream, "", json, seq) == Status::Ok);
  }
  void tick(uint64_t ms) {
    clock.advance(ms);
    outbox.tick();
  }
  void flush() {
    if (outbox.flush() == Status::Ok) model_.promise_all();
  }
  void set_online(bool now) {
    online = now;
    if (online) outbox.rewind();
    outbox.set_online(online);
  }
  /** Sends up to `count` records; the gateway acknowledges the last of each boot. */
  void send(uint32_t count) {
    static uint8_t scratch[limits::kRecordMaxBytes];
    OutboxRecord record;
    std::string boot;
    uint32_t seq = 0;
    for (uint32_t i = 0; i < count && outbox.peek_unsent(record, {scratch, sizeof scratch}); ++i) {
      if (!boot.empty() && boot != record.boot) acknowledge(boot, seq);
      boot = record.boot;
      seq = record.seq;
      outbox.mark_sent(record);
    }
    if (!boot.empty()) acknowledge(boot, seq);
  }
  void step() {
    const uint32_t what = random.below(100);
    if (what < 35) push_stream();
    else if (what < 55) push_event();
    else if (what < 75) tick(random.below(12'000));
    else if (what < 79) flush();
    else if (what < 85) set_online(!online);
    else if (what < 98) { if (online) send(1 + random.below(40)); }
    else restart();
  }

  FakeEntropy random;
  FakeClock clock{0xFFFF0000};  // a clock of 32 bits would wrap within the first minute or so
  bool online = false;
  Outbox outbox{{ring_, sizeof ring_}, nullptr, clock, random};

 private:
  void acknowledge(const std::string& boot, uint32_t seq) {
    model_.acknowledge(boot, seq);  // before: the gateway has spoken, whatever becomes of the flash
    outbox.acknowledge(boot, seq);
  }
  std::string payload() { return "\"" + std::string(random.below(random.chance(10) ? 700 : 60), static_cast<char>('a' + random.below(26))) + "\""; }

  uint8_t ring_[4096];
  NorFlash& flash_;
  OutboxModel& model_;
  uint32_t boots_ = 0;
};

}  // namespace fairlead::fakes
