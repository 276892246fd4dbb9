#include <doctest/doctest.h>

#include <algorithm>

#include "fakes/fake_entropy.hpp"
#include "log_rig.hpp"

using namespace fairlead;
using namespace log_rig;
using fakes::NorFlash;

namespace {

double wear_ratio(const NorFlash& flash) {
  const auto [least, most] = std::minmax_element(flash.wear.begin(), flash.wear.end());
  return static_cast<double>(*most) / static_cast<double>(*least);
}

/** Stores and releases streams until every sector was erased often. */
void run(FlashLog& log, NorFlash& flash, uint32_t& seq, uint32_t erases) {
  while (*std::max_element(flash.wear.begin(), flash.wear.end()) < erases) {
    for (int i = 0; i < 100; ++i, ++seq) REQUIRE(log.append(entry(RecordClass::Stream, seq, json_of(seq, 200))) == Status::Ok);
    while (log.live_records(RecordClass::Stream) > 0) REQUIRE(log.release_front(RecordClass::Stream) == Status::Ok);
    if (log.live_records() == 0) log.note_progress({log.life(), seq});
    REQUIRE(log.save_progress() == Status::Ok);
  }
}

}  // namespace

TEST_CASE("sectors wear alike when the log is filled and drained") {
  NorFlash flash(16);
  FlashLog log(&flash);
  REQUIRE(log.mount("b", 5) == Status::Ok);
  uint32_t seq = 1;
  run(log, flash, seq, 100);
  MESSAGE("wear max/min: ", wear_ratio(flash));
  CHECK(wear_ratio(flash) <= 1.1);
  CHECK(flash.violations == 0);
}

TEST_CASE("sectors wear alike when the log is always full") {
  NorFlash flash(16);
  FlashLog log(&flash);
  REQUIRE(log.mount("b", 5) == Status::Ok);
  uint32_t seq = 1;
  while (*std::max_element(flash.wear.begin(), flash.wear.end()) < 100) seq = fill(log, RecordClass::Stream, seq, 50, 200) + 1;
  MESSAGE("wear max/min: ", wear_ratio(flash));
  CHECK(wear_ratio(flash) <= 1.1);
}

TEST_CASE("old events that nobody fetches do not keep their sectors from wearing") {
  NorFlash flash(16);
  FlashLog log(&flash);
  REQUIRE(log.mount("b", 5) == Status::Ok);
  fill(log, RecordClass::Event, 1, 200);
  fill(log, RecordClass::Latest, 300, 5);
  uint32_t seq = 1000;
  run(log, flash, seq, 150);
  MESSAGE("wear max/min: ", wear_ratio(flash));
  CHECK(wear_ratio(flash) <= 1.1);
  for (int restart = 0; restart < 2; ++restart) {
    FlashLog again(&flash);
    REQUIRE(again.mount("c", 0) == Status::Ok);
    const std::vector<Item> events = read_all(again, RecordClass::Event);
    REQUIRE(events.size() == 200);
    for (uint32_t i = 0; i < 200; ++i) {
      CHECK(events[i].seq == i + 1);
      CHECK(events[i].json == json_of(i + 1, 40));
      CHECK(events[i].boot == "b");
    }
    CHECK(read_all(again, RecordClass::Latest).size() == 5);
  }
  CHECK(flash.violations == 0);
}

TEST_CASE("sectors wear alike over restarts and power cuts") {
  NorFlash flash(12);
  fakes::FakeEntropy random(42);
  uint32_t cuts = 0;
  while (*std::max_element(flash.wear.begin(), flash.wear.end()) < 120) {
    FlashLog log(&flash);
    const std::string boot = "b" + std::to_string(cuts++);
    REQUIRE(log.mount(boot, random.u32()) == Status::Ok);
    flash.cut_power_at(1 + random.below(400), random.below(257));
    uint32_t seq = 1;
    while (flash.powered) {
      const RecordClass cls = random.chance(10) ? RecordClass::Event : RecordClass::Stream;
      (void)log.append(entry(cls, seq, json_of(seq, 20 + random.below(300))));
      ++seq;
      if (random.chance(2)) {
        while (log.release_front(RecordClass::Event) == Status::Ok) {}
        while (log.release_front(RecordClass::Stream) == Status::Ok) {}
        log.note_progress({log.life(), seq});
        (void)log.save_progress();
      }
    }
    flash.power_on();
  }
  MESSAGE("power cuts: ", cuts, ", wear max/min: ", wear_ratio(flash));
  CHECK(wear_ratio(flash) <= 1.1);
  CHECK(flash.violations == 0);
}

TEST_CASE("a stored byte costs little more than itself: records of 60 bytes, acknowledged in batches") {
  NorFlash flash(16);
  FlashLog log(&flash);
  REQUIRE(log.mount("b0123456789abcdef", 0) == Status::Ok);
  uint64_t payload = 0, records = 0, released = 0;
  for (uint32_t seq = 1; seq <= 20'000; ++seq, ++records) {
    const std::string json = json_of(seq, 60);
    REQUIRE(log.append(entry(RecordClass::Stream, seq, json)) == Status::Ok);
    payload += json.size();
    if (seq % 50 != 0) continue;
    while (log.release_front(RecordClass::Stream) == Status::Ok) ++released;
    log.note_progress({log.life(), seq + 1});
    REQUIRE(log.save_progress() == Status::Ok);
  }
  const double programmed = static_cast<double>(flash.bytes_programmed);
  MESSAGE("write amplification: ", programmed / static_cast<double>(payload), " of the JSON, ",
          programmed / static_cast<double>(records * flash_format::block_bytes(60)), " of the records");
  CHECK(released == records);
  CHECK(programmed <= 1.05 * static_cast<double>(records * flash_format::block_bytes(60)));
}
