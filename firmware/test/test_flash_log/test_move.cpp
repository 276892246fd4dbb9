#include <doctest/doctest.h>

#include "fakes/outbox_model.hpp"
#include "log_rig.hpp"

using namespace fairlead;
using namespace log_rig;

namespace {

/** After each possible cut: the events are all there, each once, and the log takes another. */
class EventsKept : public fakes::WatchedFlash {
 public:
  using WatchedFlash::WatchedFlash;
  void on_cut(fakes::NorFlash& left) override {
    FlashLog log(&left);
    if (log.mount("after-cut", 0) != Status::Ok) failure = "mount";
    const std::vector<Item> events = read_all(log, RecordClass::Event);
    if (events.size() < stored || events.size() > stored + 1) failure = std::to_string(events.size()) + " events of " + std::to_string(stored);
    for (uint32_t i = 0; i < events.size() && failure.empty(); ++i) {
      if (events[i].seq != i + 1 || events[i].json != json_of(i + 1, 40) || events[i].boot != "b") failure = "event " + std::to_string(i + 1);
    }
    if (log.append(entry(RecordClass::Event, 1, "1")) != Status::Ok) failure = "append";
    if (left.violations > 0) failure = "a word was programmed twice";
  }
  size_t stored = 0;
  std::string failure;
};

}  // namespace

TEST_CASE("a power cut while records move to even out the wear loses none and doubles none") {
  EventsKept flash(6);
  FlashLog log(&flash);
  REQUIRE(log.mount("b", 0) == Status::Ok);
  for (uint32_t seq = 1; seq <= 70; ++seq) {  // one full sector and one that is still written to
    REQUIRE(log.append(entry(RecordClass::Event, seq, json_of(seq, 40))) == Status::Ok);
    flash.stored = seq;
  }
  CHECK(flash.failure == "");
  const std::vector<uint32_t> wear_before = flash.wear;
  uint32_t seq = 1000;
  for (int i = 0; i < 120; ++i, ++seq) {
    REQUIRE(log.append(entry(RecordClass::Stream, seq, json_of(seq, 900))) == Status::Ok);
    if (i % 3 == 2) while (log.release_front(RecordClass::Stream) == Status::Ok) {}
  }
  CHECK(flash.failure == "");
  size_t never_erased_again = 0;
  for (size_t sector = 0; sector < flash.wear.size(); ++sector) never_erased_again += flash.wear[sector] == wear_before[sector] ? 1 : 0;
  CHECK(never_erased_again == 0);  // the events have moved
  REQUIRE(log.append(entry(RecordClass::Event, 71, json_of(71, 40))) == Status::Ok);
  CHECK(read_all(log, RecordClass::Event).size() == 71);
}
