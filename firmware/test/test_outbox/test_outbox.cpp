#include <doctest/doctest.h>

#include "fakes/outbox_model.hpp"
#include "no_heap.hpp"

using namespace fairlead;
using namespace fairlead::fakes;

namespace {

struct Rig {
  explicit Rig(size_t ring_bytes = limits::kRingBytes, NorFlash* use_flash = nullptr)
      : ring(ring_bytes), outbox({ring.data(), ring.size()}, use_flash, clock, entropy) {
    CHECK(outbox.begin("this-boot") == Status::Ok);
  }
  uint32_t stream(const std::string& json, Status expected = Status::Ok) {
    uint32_t seq = 0;
    CHECK(outbox.push_telemetry(RecordClass::Stream, "", json, seq) == expected);
    return seq;
  }
  uint32_t latest(const std::string& key, const std::string& json, Status expected = Status::Ok) {
    uint32_t seq = 0;
    CHECK(outbox.push_telemetry(RecordClass::Latest, key, json, seq) == expected);
    return seq;
  }
  uint32_t event(const std::string& name, const std::string& json, Status expected = Status::Ok) {
    uint32_t seq = 0;
    CHECK(outbox.push_event(name, json, seq) == expected);
    return seq;
  }
  bool peek(OutboxRecord& record) { return outbox.peek_unsent(record, {scratch, sizeof scratch}); }
  uint32_t send() {
    OutboxRecord record;
    if (!peek(record)) return 0;
    outbox.mark_sent(record);
    return record.seq;
  }

  FakeClock clock{1000};
  FakeEntropy entropy;
  std::vector<uint8_t> ring;
  uint8_t scratch[limits::kRecordMaxBytes];
  Outbox outbox;
};

const std::string kValue = "\"t\":21.5";

}  // namespace

TEST_CASE("records are sent in order, once per session, until they are acknowledged [A-3]") {
  Rig rig;
  CHECK(rig.stream(kValue) == 1);
  CHECK(rig.event("door", "{\"open\":true}") == 2);
  CHECK(rig.latest("t", kValue) == 3);
  CHECK(rig.send() == 1);
  OutboxRecord record;
  REQUIRE(rig.peek(record));
  CHECK(record.seq == 2);
  CHECK(record.is_event);
  CHECK(record.name == "door");
  CHECK(record.json == "{\"open\":true}");
  CHECK_FALSE(record.has_boot);
  CHECK(rig.send() == 2);
  CHECK(rig.send() == 3);
  CHECK(rig.send() == 0);
  rig.outbox.acknowledge("", 2);
  CHECK(rig.outbox.unacknowledged() == 1);
  rig.outbox.rewind();
  CHECK(rig.send() == 3);
  rig.outbox.acknowledge("this-boot", 3);
  CHECK(rig.outbox.unacknowledged() == 0);
  rig.outbox.rewind();
  CHECK(rig.send() == 0);
}

TEST_CASE("a refused record is dropped and counted, those around it stay [A-7]") {
  NorFlash flash(8);
  Rig rig(4096, &flash);
  for (int i = 0; i < 3; ++i) rig.event("e", "1");  // offline: in flash
  rig.outbox.set_online(true);
  for (int i = 0; i < 3; ++i) rig.stream(kValue);   // in RAM
  rig.outbox.refuse("", 2);
  rig.outbox.refuse("", 5);
  rig.outbox.refuse("", 5);
  CHECK(rig.outbox.stats().refused == 2);
  std::vector<uint32_t> left;
  for (const DrainedRecord& record : drain(rig.outbox)) left.push_back(record.seq);
  CHECK(left == std::vector<uint32_t>{1, 3, 4, 6});
  rig.outbox.refuse("", 1);
  CHECK(rig.outbox.stats().in_flash == 1);
  rig.outbox.acknowledge("", 6);
  CHECK(rig.outbox.unacknowledged() == 0);
}

TEST_CASE("a newer value of a key takes the place of one that was not sent, and of no other") {
  Rig rig;
  CHECK(rig.latest("t", "\"t\":1") == 1);
  CHECK(rig.latest("h", "\"h\":1") == 2);
  rig.clock.advance(500);
  CHECK(rig.latest("t", "\"t\":1234567890") == 1);
  CHECK(rig.outbox.stats().coalesced == 1);
  CHECK(rig.outbox.unacknowledged() == 2);
  OutboxRecord record;
  REQUIRE(rig.peek(record));
  CHECK(record.json == "\"t\":1234567890");
  CHECK(record.time.kind == TimeKind::Age);
  CHECK(record.time.ms == 0);
  rig.outbox.mark_sent(record);
  CHECK(rig.latest("t", "\"t\":2") == 3);  // the gateway may hold seq 1 already
  rig.outbox.rewind();
  CHECK(rig.latest("t", "\"t\":3") == 3);
  CHECK(rig.send() == 1);
  CHECK(rig.latest("h", "\"h\":2") == 2);
}

TEST_CASE("what is larger than a record or the payload limit is refused at push [T-7]") {
  Rig rig;
  const std::string largest(limits::kRecordMaxBytes, 'x');
  rig.stream(largest);
  rig.stream(largest + "x", Status::TooLarge);
  rig.event("e", largest, Status::TooLarge);
  rig.outbox.set_limits(400, limits::kDeviceFrameMaxBytes);
  rig.stream(std::string(300, 'x'), Status::TooLarge);
  rig.stream(std::string(250, 'x'));
  CHECK(rig.outbox.stats().refused_too_large == 3);
  OutboxRecord record;
  REQUIRE(rig.peek(record));
  CHECK(record.json == largest);
}

TEST_CASE("a frame of a record never exceeds the limit that let it in") {
  for (const size_t limit : {300u, 400u, 1000u}) {
    Rig rig;
    rig.outbox.set_limits(limit, limits::kDeviceFrameMaxBytes);
    std::string text;
    uint32_t seq = 0;
    while (rig.outbox.push_event(std::string(64, 'n'), "\"" + text + "\"", seq) == Status::Ok) text += "y";
    while (rig.outbox.push_telemetry(RecordClass::Stream, "", "\"k\":\"" + text + "\"", seq) == Status::Ok) text += "y";
    OutboxRecord record;
    while (rig.peek(record)) {
      uint8_t frame[2048];
      size_t size = 0;
      const RecordTime longest{TimeKind::Wall, UINT64_MAX};
      const std::string boot(limits::kBootIdMaxBytes, 'b');
      if (record.is_event) {
        CHECK(write_event(UINT32_MAX, boot, record.name, longest, record.json, {frame, sizeof frame}, size) == Status::Ok);
      } else {
        TelemetryWriter writer({frame, sizeof frame});
        writer.begin(UINT32_MAX, boot);
        CHECK(writer.add_point(longest, record.json));
        CHECK(writer.finish(size) == Status::Ok);
      }
      CHECK(size <= limit);
      rig.outbox.mark_sent(record);
    }
  }
}

TEST_CASE("bad names, empty values and a push before begin are refused") {
  Rig rig;
  rig.event("", "1", Status::Invalid);
  rig.event("a b", "1", Status::Invalid);
  rig.latest("_x", kValue, Status::Invalid);
  rig.stream("", Status::Invalid);
  FakeClock clock;
  FakeEntropy entropy;
  uint8_t ring[512];
  Outbox early({ring, sizeof ring}, nullptr, clock, entropy);
  uint32_t seq = 0;
  CHECK(early.push_event("e", "1", seq) == Status::NotReady);
  CHECK(early.begin("not a boot id") == Status::Invalid);
}

TEST_CASE("without flash a full ring drops streams, then latest values, and events last") {
  Rig rig(1000);
  for (int i = 0; i < 5; ++i) rig.stream(kValue);
  for (int i = 0; i < 5; ++i) rig.latest("k" + std::to_string(i), kValue);
  uint32_t pushed = 0;
  while (rig.outbox.stats().dropped_event == 0) {
    rig.event("door", "{\"n\":" + std::to_string(pushed++) + "}");
    const OutboxStats stats = rig.outbox.stats();
    if (stats.dropped_latest > 0) CHECK(stats.dropped_stream == 5);
    if (stats.dropped_event > 0) CHECK(stats.dropped_latest == 5);
  }
  const OutboxStats stats = rig.outbox.stats();
  CHECK(stats.queued == pushed - 1);
  CHECK(stats.dropped_event == 1);
  rig.stream(kValue, Status::Full);
  rig.latest("z", kValue, Status::Full);
  CHECK(rig.outbox.stats().dropped_stream == 6);
  CHECK(rig.outbox.stats().dropped_latest == 6);
  CHECK(rig.outbox.stats().dropped_event == 1);
  CHECK(rig.outbox.flush() == Status::NotReady);
}

TEST_CASE("online and acknowledged quickly, nothing is written to flash") {
  NorFlash flash(8);
  Rig rig(4096, &flash);
  rig.outbox.set_online(true);
  for (int i = 0; i < 500; ++i) {
    if (i % 3 == 0) rig.event("e", "1");
    else rig.stream(kValue);
    rig.clock.advance(100);
    rig.outbox.tick();
    rig.outbox.acknowledge("", rig.send());
  }
  CHECK(flash.operations == 0);
}

TEST_CASE("streams go to flash after 30 s offline, events at once, latest values when there is need") {
  NorFlash flash(8);
  Rig rig(4096, &flash);
  rig.stream(kValue);
  rig.latest("t", kValue);
  CHECK(flash.operations == 0);
  const uint32_t event = rig.event("door", "1");
  CHECK(rig.outbox.is_durable(event));
  CHECK(rig.outbox.stats().in_flash == 1);
  rig.clock.advance(30'000);
  rig.outbox.tick();
  CHECK(rig.outbox.stats().in_flash == 1);
  rig.clock.advance(1);
  rig.outbox.tick();
  CHECK(rig.outbox.stats().in_flash == 2);
  CHECK(rig.outbox.stats().in_ram == 1);
  CHECK(rig.outbox.flush() == Status::Ok);
  CHECK(rig.outbox.stats().in_ram == 0);
  CHECK(rig.send() == 1);
  CHECK(rig.send() == 2);
  CHECK(rig.send() == 3);
}

TEST_CASE("a ring over three quarters goes to flash down to half, also online, some records per tick") {
  NorFlash flash(8);
  Rig rig(4000, &flash);
  rig.outbox.set_online(true);
  while (rig.outbox.stats().in_ram * RecordRing::bytes_for(0, kValue.size()) <= 3000) rig.stream(kValue);
  const uint32_t before = rig.outbox.stats().in_ram;
  rig.outbox.tick();
  CHECK(rig.outbox.stats().in_ram == before - kSpillRecordsPerTick);
  for (int i = 0; i < 10; ++i) rig.outbox.tick();
  CHECK(rig.outbox.stats().in_ram * RecordRing::bytes_for(0, kValue.size()) <= 2000);
  CHECK(rig.outbox.stats().queued == before);
  for (uint32_t seq = 1; seq <= before; ++seq) CHECK(rig.send() == seq);
}

TEST_CASE("records of an earlier boot keep boot and seq; their time is wall time if it was known, in the same boot or later, else unknown [A-9] [T-2]") {
  NorFlash flash(8);
  {
    Rig rig(4096, &flash);
    rig.event("early", "1");
    rig.clock.advance(500);
    rig.outbox.set_wall_clock_offset(1767225600000);
    rig.event("timed", "2");
    OutboxRecord record;
    REQUIRE(rig.peek(record));
    CHECK(record.time.kind == TimeKind::Wall);  // in this boot, also for what was stored before
    CHECK(record.time.ms == 1767225601000);
  }
  FakeClock clock;
  FakeEntropy entropy;
  uint8_t ring[1024], scratch[limits::kRecordMaxBytes];
  Outbox outbox({ring, sizeof ring}, &flash, clock, entropy);
  REQUIRE(outbox.begin("next-boot") == Status::Ok);
  OutboxRecord record;
  REQUIRE(outbox.peek_unsent(record, {scratch, sizeof scratch}));
  CHECK(record.has_boot);
  CHECK(std::string(record.boot) == "this-boot");
  CHECK(record.seq == 1);
  CHECK(record.time.kind == TimeKind::Wall);  // stored before its time was known, and that is in flash as well
  CHECK(record.time.ms == 1767225601000);
  outbox.mark_sent(record);
  REQUIRE(outbox.peek_unsent(record, {scratch, sizeof scratch}));
  CHECK(record.seq == 2);
  CHECK(record.time.kind == TimeKind::Wall);
  CHECK(record.time.ms == 1767225601500);
  outbox.mark_sent(record);
  uint32_t seq = 0;
  CHECK(outbox.push_event("now", "3", seq) == Status::Ok);
  CHECK(seq == 1);
  outbox.acknowledge("", 1);  // of this boot: says nothing of the earlier one
  CHECK(drain(outbox).size() == 2);
  outbox.acknowledge("this-boot", 2);
  CHECK(outbox.unacknowledged() == 0);
}

TEST_CASE("a boot that never heard the time leaves records of unknown time, and takes none from its neighbours [T-2]") {
  NorFlash flash(8);
  const char* boots[] = {"a", "b", "c"};
  for (int i = 0; i < 3; i++) {
    FakeClock clock{1000};
    FakeEntropy entropy;
    uint8_t ring[1024];
    Outbox outbox({ring, sizeof ring}, &flash, clock, entropy);
    REQUIRE(outbox.begin(boots[i]) == Status::Ok);
    uint32_t seq = 0;
    CHECK(outbox.push_event("early", "1", seq) == Status::Ok);
    if (i != 1) outbox.set_wall_clock_offset(1767225600000 + i * 1000000);
  }
  Rig rig(4096, &flash);
  std::vector<uint64_t> times;
  for (OutboxRecord record; rig.peek(record); rig.outbox.mark_sent(record)) {
    times.push_back(record.time.kind == TimeKind::Wall ? record.time.ms : 0);
    CHECK(record.time.kind != TimeKind::Age);
  }
  CHECK(times == std::vector<uint64_t>{1767225601000, 0, 1767227601000});
}

TEST_CASE("acknowledgements of several boots may come in any order") {
  NorFlash flash(8);
  for (int boot = 0; boot < 6; ++boot) {
    FakeClock clock;
    FakeEntropy entropy;
    uint8_t ring[512];
    Outbox outbox({ring, sizeof ring}, &flash, clock, entropy);
    REQUIRE(outbox.begin("b" + std::to_string(boot)) == Status::Ok);
    uint32_t seq = 0;
    REQUIRE(outbox.push_event("e", "1", seq) == Status::Ok);
    REQUIRE(outbox.push_event("e", "2", seq) == Status::Ok);
  }
  Rig rig(1024, &flash);
  CHECK(rig.outbox.unacknowledged() == 12);
  for (const char* boot : {"b5", "b3", "b4", "b1", "b2"}) rig.outbox.acknowledge(boot, 2);
  rig.outbox.acknowledge("b0", 1);
  std::vector<DrainedRecord> left = drain(rig.outbox);
  REQUIRE(left.size() == 1);
  CHECK(left[0].boot == "b0");
  CHECK(left[0].seq == 2);
  rig.outbox.acknowledge("b0", 2);
  CHECK(rig.outbox.unacknowledged() == 0);
}

TEST_CASE("a boot id kept over a deep sleep goes on above its highest seq") {
  NorFlash flash(8);
  {
    Rig rig(1024, &flash);
    for (int i = 0; i < 5; ++i) rig.event("e", "1");
  }
  Rig rig(1024, &flash);
  CHECK(rig.event("e", "2") == 6);
  const std::vector<DrainedRecord> all = drain(rig.outbox);
  REQUIRE(all.size() == 6);
  OutboxRecord record;
  rig.outbox.rewind();
  REQUIRE(rig.peek(record));
  CHECK_FALSE(record.has_boot);
  CHECK(record.time.kind == TimeKind::Unknown);  // its clock ended with its start
  rig.outbox.acknowledge("", 6);
  CHECK(rig.outbox.unacknowledged() == 0);
}

TEST_CASE("a seq never wraps: near its end the outbox asks for a new boot, then takes nothing more [A-1]") {
  FakeClock clock;
  FakeEntropy entropy;
  uint8_t ring[2048];
  Outbox outbox({ring, sizeof ring}, nullptr, clock, entropy);
  REQUIRE(outbox.begin("b", 0xFFFFFFFE) == Status::Ok);
  CHECK(outbox.wants_new_boot());
  uint32_t seq = 0;
  CHECK(outbox.push_event("e", "1", seq) == Status::Ok);
  CHECK(outbox.push_event("e", "1", seq) == Status::Ok);
  CHECK(seq == 0xFFFFFFFF);
  CHECK(outbox.push_event("e", "1", seq) == Status::NotReady);
  REQUIRE(outbox.begin("c") == Status::Ok);
  CHECK_FALSE(outbox.wants_new_boot());
}

TEST_CASE("a record that cannot be read just now is not passed over") {
  NorFlash flash(8);
  Rig rig(1024, &flash);
  rig.event("e", "1");
  rig.outbox.set_online(true);
  rig.stream(kValue);
  flash.failing_reads = 1;
  OutboxRecord record;
  CHECK_FALSE(rig.peek(record));
  CHECK(rig.send() == 1);
  CHECK(rig.send() == 2);
}

TEST_CASE("an event that flash does not take stays in RAM and is counted as a flash error") {
  NorFlash flash(8);
  Rig rig(1024, &flash);
  flash.failing_programs = 100;
  const uint32_t seq = rig.event("e", "1");
  CHECK_FALSE(rig.outbox.is_durable(seq));
  CHECK(rig.outbox.stats().flash_errors == 1);
  flash.failing_programs = 0;
  rig.event("e", "2");
  CHECK(rig.outbox.is_durable(seq));
  CHECK(rig.send() == 1);
  CHECK(rig.send() == 2);
}

TEST_CASE("age is right over the wrap of a 32-bit clock") {
  Rig rig;
  rig.clock.now_ms = 0xFFFFFF00;
  rig.stream(kValue);
  rig.clock.advance(0x200);
  OutboxRecord record;
  REQUIRE(rig.peek(record));
  CHECK(record.time.kind == TimeKind::Age);
  CHECK(record.time.ms == 0x200);
}

TEST_CASE("nothing asks for heap after begin") {
  NorFlash flash(8);
  Rig rig(2048, &flash);
  uint32_t seq = 0, pushed = 0, sent = 0;
  OutboxRecord record;
  {
    const NoHeap no_heap;
    for (int i = 0; i < 400; ++i) {
      pushed += rig.outbox.push_event("door", "{\"n\":1}", seq) == Status::Ok;
      pushed += rig.outbox.push_telemetry(RecordClass::Latest, "t", "\"t\":1", seq) == Status::Ok;
      pushed += rig.outbox.push_telemetry(RecordClass::Stream, "", "\"t\":1", seq) == Status::Ok;
      rig.clock.advance(7'000);
      rig.outbox.tick();
      rig.outbox.set_online(i % 50 > 25);
      while (i % 50 == 49 && rig.outbox.peek_unsent(record, {rig.scratch, sizeof rig.scratch})) {
        rig.outbox.mark_sent(record);
        rig.outbox.acknowledge(record.boot, record.seq);
        ++sent;
      }
    }
    (void)rig.outbox.flush();
  }
  CHECK(pushed == 1200);
  CHECK(sent > 800);
}
