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

/** A device with flash; each boot has a new outbox. */
struct ChannelRig {
  FakeClock clock{1000};
  FakeEntropy entropy;
  NorFlash flash{32};
  uint8_t ring[8192];
  Outbox outbox{{ring, sizeof ring}, &flash, clock, entropy};

  explicit ChannelRig(const char* boot = "boot-1") { REQUIRE(outbox.begin(boot) == Status::Ok); }
  void reboot(const char* boot, bool planned = true) {
    if (planned) CHECK(outbox.flush() == Status::Ok);
    outbox.~Outbox();
    new (&outbox) Outbox({ring, sizeof ring}, &flash, clock, entropy);
    REQUIRE(outbox.begin(boot) == Status::Ok);
  }
  uint32_t channel(const std::string& payload, RecordClass cls = RecordClass::Stream) {
    uint32_t seq = 0;
    CHECK(outbox.push_channel(cls, "cam", bytes_of(payload), seq) == Status::Ok);
    return seq;
  }
  uint32_t event(const std::string& data) {
    uint32_t seq = 0;
    CHECK(outbox.push_event("door", data, seq) == Status::Ok);
    return seq;
  }
  uint32_t telemetry(const std::string& values) {
    uint32_t seq = 0;
    CHECK(outbox.push_telemetry(RecordClass::Stream, "", values, seq) == Status::Ok);
    return seq;
  }
  /** "boot/seq kind body" of each record that would be sent now, `count` at most. */
  std::vector<std::string> send(size_t count = 1000) {
    std::vector<std::string> sent;
    static uint8_t scratch[limits::kRecordMaxBytes];
    OutboxRecord record;
    while (sent.size() < count && outbox.peek_unsent(record, {scratch, sizeof scratch})) {
      const char* kind = record.is_channel ? " channel " : record.is_event ? " event " : " telemetry ";
      CHECK((record.is_channel && record.has_boot) == false);  // [B-1] it has no place for one
      sent.push_back(std::string(record.boot) + "/" + std::to_string(record.seq) + kind + std::string(record.name) +
                     (record.name.empty() ? "" : " ") + std::string(record.json));
      outbox.mark_sent(record);
    }
    return sent;
  }
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("[A-1] channels share the sequence with telemetry and events, and keep every byte") {
  ChannelRig rig;
  rig.outbox.set_online(true);
  CHECK(rig.telemetry("\"a\":1") == 1);
  const std::string bytes("\x00\xff{\"\n", 5);
  CHECK(rig.channel(bytes) == 2);
  CHECK(rig.event("2") == 3);
  CHECK(rig.channel("", RecordClass::Event) == 4);
  CHECK(rig.send() == Lines{"boot-1/1 telemetry \"a\":1", "boot-1/2 channel cam " + bytes, "boot-1/3 event door 2",
                            "boot-1/4 channel cam "});
  rig.outbox.acknowledge("", 4);
  CHECK(rig.outbox.unacknowledged() == 0);
}

TEST_CASE("what is larger than a record or than the limits of the session is refused at push, and counted") {
  ChannelRig rig;
  uint32_t seq = 0;
  const std::string largest(limits::kRecordMaxBytes - 3, 'x');
  CHECK(rig.outbox.push_channel(RecordClass::Stream, "cam", bytes_of(largest + "x"), seq) == Status::TooLarge);
  CHECK(rig.outbox.push_channel(RecordClass::Stream, "cam", bytes_of(largest), seq) == Status::Ok);
  rig.outbox.set_limits(100, 200);  // [L-2] channels go by the frame's limit, not by that of telemetry [L-3]
  CHECK(rig.outbox.push_channel(RecordClass::Stream, "cam", bytes_of(std::string(192, 'x')), seq) == Status::TooLarge);
  CHECK(rig.outbox.push_channel(RecordClass::Stream, "cam", bytes_of(std::string(191, 'x')), seq) == Status::Ok);
  CHECK(rig.outbox.push_channel(RecordClass::Stream, "no name", {}, seq) == Status::Invalid);
  CHECK(rig.outbox.push_channel(RecordClass::Stream, "", {}, seq) == Status::Invalid);
  CHECK(rig.outbox.stats().refused_too_large == 2);
}

TEST_CASE("an event of a channel goes to flash at once while offline, and survives the pulled plug") {
  ChannelRig rig;
  const uint32_t seq = rig.channel("photo", RecordClass::Event);
  CHECK(rig.outbox.is_durable(seq));
  rig.reboot("boot-2", false);
  CHECK(rig.send() == Lines{"boot-2/1 channel cam photo"});
}

TEST_CASE("[B-4] after a restart a channel's record has a number of the new boot, below all that is born there") {
  ChannelRig rig;
  rig.telemetry("\"a\":1");
  rig.channel("one");
  rig.event("3");
  rig.channel("two", RecordClass::Event);
  rig.reboot("boot-2");
  CHECK(rig.telemetry("\"a\":5") == 3);  // 1 and 2 are set aside
  const Lines all = {"boot-1/1 telemetry \"a\":1", "boot-2/1 channel cam one", "boot-1/3 event door 3",
                     "boot-2/2 channel cam two", "boot-2/3 telemetry \"a\":5"};
  CHECK(rig.send() == all);
  rig.outbox.acknowledge("boot-1", 4);  // covers records of that boot alone
  rig.outbox.rewind();
  CHECK(rig.send() == Lines{all[1], all[3], all[4]});  // the same numbers again
  rig.outbox.acknowledge("", 1);
  rig.outbox.rewind();
  CHECK(rig.send() == Lines{all[3], all[4]});
  rig.outbox.refuse("", 2);
  rig.outbox.rewind();
  CHECK(rig.send() == Lines{all[4]});
  rig.outbox.acknowledge("", 3);
  CHECK(rig.outbox.unacknowledged() == 0);
  rig.reboot("boot-3");
  CHECK(rig.send().empty());
}

TEST_CASE("more of them than may await their acknowledgement go out as the acknowledgements come") {
  ChannelRig rig;
  for (size_t i = 0; i < kRebornMax + 8; i++) rig.channel(std::to_string(i));
  rig.reboot("boot-2");
  rig.telemetry("\"a\":1");
  CHECK(rig.send().size() == kRebornMax);
  CHECK(rig.send().empty());
  rig.outbox.acknowledge("", 10);
  const Lines rest = rig.send();
  REQUIRE(rest.size() == 9);
  CHECK(rest.front() == "boot-2/" + std::to_string(kRebornMax + 1) + " channel cam " + std::to_string(kRebornMax));
  CHECK(rest.back() == "boot-2/" + std::to_string(kRebornMax + 9) + " telemetry \"a\":1");
}

TEST_CASE("a boot id that a deep sleep kept keeps the numbers as well") {
  ChannelRig rig;
  rig.telemetry("\"a\":1");
  rig.channel("one");
  rig.telemetry("\"a\":3");
  rig.reboot("boot-1");
  CHECK(rig.send() == Lines{"boot-1/1 telemetry \"a\":1", "boot-1/2 channel cam one", "boot-1/3 telemetry \"a\":3"});
}
