#include <doctest/doctest.h>

#include "log_rig.hpp"

using namespace fairlead;
using namespace log_rig;
using fakes::NorFlash;

TEST_CASE("a record is read back as it was stored, also after a restart") {
  NorFlash flash(8);
  FlashLog log(&flash);
  REQUIRE(log.mount("boot-1", 0) == Status::Ok);
  LogEntry event = entry(RecordClass::Event, 7, "{\"by\":\"key 3\"}", "door-opened");
  event.is_wall_time = true;
  event.time_ms = 1767225600000;
  REQUIRE(log.append(event) == Status::Ok);
  REQUIRE(log.append(entry(RecordClass::Stream, 8, "\"t\":21.5")) == Status::Ok);
  FlashLog again(&flash);
  REQUIRE(again.mount("boot-2", 0) == Status::Ok);
  for (FlashLog* one : {&log, &again}) {
    const std::vector<Item> events = read_all(*one, RecordClass::Event);
    REQUIRE(events.size() == 1);
    CHECK(events[0].boot == "boot-1");
    CHECK(events[0].seq == 7);
    CHECK(events[0].name == "door-opened");
    CHECK(events[0].json == "{\"by\":\"key 3\"}");
    CHECK(events[0].is_wall);
    CHECK(events[0].time_ms == 1767225600000);
    const std::vector<Item> streams = read_all(*one, RecordClass::Stream);
    REQUIRE(streams.size() == 1);
    CHECK(streams[0].json == "\"t\":21.5");
    CHECK_FALSE(streams[0].is_wall);
    CHECK(one->live_records() == 2);
  }
  CHECK(again.life() > log.life());
  CHECK(flash.violations == 0);
}

TEST_CASE("records of every size up to the limit survive, larger ones are refused") {
  NorFlash flash(16);
  FlashLog log(&flash);
  REQUIRE(log.mount("b", 3) == Status::Ok);
  uint32_t seq = 1;
  for (size_t bytes = 10; bytes <= limits::kRecordMaxBytes; bytes += 13) {
    REQUIRE(log.append(entry(RecordClass::Stream, seq, json_of(seq, bytes))) == Status::Ok);
    ++seq;
  }
  REQUIRE(log.append(entry(RecordClass::Stream, seq, std::string(limits::kRecordMaxBytes, 'x'))) == Status::Ok);
  CHECK(log.append(entry(RecordClass::Stream, seq + 1, std::string(limits::kRecordMaxBytes + 1, 'x'))) == Status::TooLarge);
  FlashLog again(&flash);
  REQUIRE(again.mount("c", 0) == Status::Ok);
  const std::vector<Item> items = read_all(again, RecordClass::Stream);
  REQUIRE(items.size() == seq);
  for (uint32_t i = 0; i + 1 < seq; ++i) CHECK(items[i].json == json_of(i + 1, 10 + 13 * i));
}

TEST_CASE("a seq that does not rise within its class is refused") {
  NorFlash flash(8);
  FlashLog log(&flash);
  REQUIRE(log.mount("b", 0) == Status::Ok);
  REQUIRE(log.append(entry(RecordClass::Stream, 5, "\"a\":1")) == Status::Ok);
  CHECK(log.append(entry(RecordClass::Stream, 5, "\"a\":1")) == Status::Invalid);
  CHECK(log.append(entry(RecordClass::Stream, 4, "\"a\":1")) == Status::Invalid);
  CHECK(log.append(entry(RecordClass::Event, 4, "1", "e")) == Status::Ok);
}

TEST_CASE("a boot id that is mounted again goes on above its highest seq") {
  NorFlash flash(8);
  FlashLog log(&flash);
  REQUIRE(log.mount("sleeper", 0) == Status::Ok);
  fill(log, RecordClass::Stream, 1, 30);
  FlashLog other(&flash);
  REQUIRE(other.mount("other", 0) == Status::Ok);
  CHECK(other.highest_seq_of_boot() == 0);
  fill(other, RecordClass::Stream, 100, 3);
  FlashLog again(&flash);
  REQUIRE(again.mount("sleeper", 0) == Status::Ok);
  CHECK(again.highest_seq_of_boot() == 30);
}

TEST_CASE("a full log drops its oldest streams and counts them") {
  NorFlash flash(6);
  FlashLog log(&flash);
  REQUIRE(log.mount("b", 0) == Status::Ok);
  CHECK(fill(log, RecordClass::Stream, 1, 2000) == 2000);
  const std::vector<Item> items = read_all(log, RecordClass::Stream);
  REQUIRE_FALSE(items.empty());
  CHECK(items.back().seq == 2000);
  CHECK(items.size() == log.live_records());
  CHECK(items.size() + log.losses().dropped[static_cast<size_t>(RecordClass::Stream)] == 2000);
  for (size_t i = 1; i < items.size(); ++i) CHECK(items[i].seq == items[i - 1].seq + 1);
  CHECK(flash.violations == 0);
}

TEST_CASE("events push out streams and latest values, and never the other way round") {
  NorFlash flash(6);
  FlashLog log(&flash);
  REQUIRE(log.mount("b", 0) == Status::Ok);
  fill(log, RecordClass::Latest, 1, 10);
  fill(log, RecordClass::Event, 11, 10);
  fill(log, RecordClass::Stream, 21, 500);
  CHECK(log.losses().dropped[static_cast<size_t>(RecordClass::Stream)] > 0);
  CHECK(log.live_records(RecordClass::Latest) == 10);
  CHECK(log.live_records(RecordClass::Event) == 10);
  const uint32_t last = fill(log, RecordClass::Event, 1000, 270);
  CHECK(last == 1269);
  CHECK(log.live_records(RecordClass::Stream) == 0);
  CHECK(log.live_records(RecordClass::Latest) == 10);
  CHECK(log.losses().dropped[static_cast<size_t>(RecordClass::Event)] == 0);
  fill(log, RecordClass::Event, 2000, 200);
  CHECK(log.live_records(RecordClass::Latest) == 0);
  CHECK(log.losses().dropped[static_cast<size_t>(RecordClass::Event)] > 0);
  CHECK(log.append(entry(RecordClass::Stream, 5000, "\"a\":1")) == Status::Full);
  CHECK(log.append(entry(RecordClass::Latest, 5000, "\"a\":1")) == Status::Full);
}

TEST_CASE("a class whose only sector was taken writes no more into it") {
  NorFlash flash(4);
  FlashLog log(&flash);
  REQUIRE(log.mount("b", 0) == Status::Ok);
  REQUIRE(log.append(entry(RecordClass::Stream, 1, "\"a\":1")) == Status::Ok);
  const uint32_t last = fill(log, RecordClass::Event, 2, 240);
  REQUIRE(last == 241);
  CHECK(log.live_records(RecordClass::Stream) == 0);
  CHECK(log.append(entry(RecordClass::Stream, 300, "\"a\":1")) == Status::Full);
  CHECK(read_all(log, RecordClass::Event).size() == 240);
  CHECK(fill(log, RecordClass::Event, 301, 2) == 302);
  CHECK(read_all(log, RecordClass::Event).back().seq == 302);
  CHECK(flash.violations == 0);
}

TEST_CASE("released records do not come back after a restart, once the progress is saved") {
  NorFlash flash(6);
  FlashLog log(&flash);
  REQUIRE(log.mount("b", 0) == Status::Ok);
  fill(log, RecordClass::Stream, 1, 150);
  fill(log, RecordClass::Event, 200, 5);
  for (int i = 0; i < 100; ++i) REQUIRE(log.release_front(RecordClass::Stream) == Status::Ok);
  log.note_progress({log.life(), 101});
  REQUIRE(log.save_progress() == Status::Ok);
  FlashLog again(&flash);
  REQUIRE(again.mount("c", 0) == Status::Ok);
  CHECK(again.live_records(RecordClass::Stream) == 50);
  CHECK(again.live_records(RecordClass::Event) == 5);
  REQUIRE_FALSE(read_all(again, RecordClass::Stream).empty());
  CHECK(read_all(again, RecordClass::Stream)[0].seq == 101);
  const uint64_t programmed = flash.bytes_programmed;
  CHECK(again.save_progress() == Status::Ok);
  CHECK(flash.bytes_programmed == programmed);
}

TEST_CASE("a write that fails goes to the next sector, and what was stored before stays") {
  NorFlash flash(8);
  FlashLog log(&flash);
  REQUIRE(log.mount("b", 0) == Status::Ok);
  fill(log, RecordClass::Stream, 1, 10);
  flash.failing_programs = 1;
  CHECK(log.append(entry(RecordClass::Stream, 11, json_of(11))) == Status::Ok);
  flash.failing_erases = 1;
  CHECK(fill(log, RecordClass::Stream, 12, 300) == 311);
  FlashLog again(&flash);
  REQUIRE(again.mount("c", 0) == Status::Ok);
  const std::vector<Item> items = read_all(again, RecordClass::Stream);
  REQUIRE(items.size() == 311);
  for (uint32_t i = 0; i < items.size(); ++i) CHECK(items[i].seq == i + 1);
  CHECK(flash.violations == 0);
}

TEST_CASE("Ok means read back: a worn cell that takes no bits is noticed") {
  NorFlash flash(8);
  FlashLog log(&flash);
  REQUIRE(log.mount("b", 0) == Status::Ok);
  for (uint32_t seq = 1; seq <= 60; ++seq) {
    flash.worn_programs = seq % 10 == 0 ? 1 : 0;
    REQUIRE(log.append(entry(RecordClass::Stream, seq, json_of(seq))) == Status::Ok);
  }
  for (uint32_t i = 0; i < 60; ++i) CHECK(read_all(log, RecordClass::Stream)[i].json == json_of(i + 1));
}

TEST_CASE("a flash that takes no more writes does not cost what it holds, beyond one sector") {
  NorFlash flash(8);
  FlashLog log(&flash);
  REQUIRE(log.mount("b", 0) == Status::Ok);
  uint32_t seq = fill(log, RecordClass::Stream, 1, 600);
  const size_t held = log.live_records();
  const size_t in_a_sector = 4096 / flash_format::block_bytes(40);
  for (int i = 0; i < 200; ++i) {
    flash.worn_programs = 1000;
    ++seq;
    REQUIRE(log.append(entry(RecordClass::Stream, seq, json_of(seq, 900))) == Status::IoError);
    CHECK(log.live_records() + in_a_sector >= held);
  }
  CHECK(log.live_records() == read_all(log, RecordClass::Stream).size());
  flash.worn_programs = 0;  // it was the supply, and it is back
  CHECK(fill(log, RecordClass::Stream, seq + 1, 300) == seq + 300);
  FlashLog again(&flash);
  REQUIRE(again.mount("c", 0) == Status::Ok);
  CHECK(read_all(again, RecordClass::Stream).back().seq == seq + 300);
  CHECK(flash.violations == 0);
}

TEST_CASE("a damaged record ends its sector and no other, and is never returned") {
  NorFlash flash(8);
  FlashLog log(&flash);
  REQUIRE(log.mount("b", 0) == Status::Ok);
  fill(log, RecordClass::Stream, 1, 200);
  const size_t first_sector = 1;  // start_hint 0: the search begins behind it
  flash.bytes[first_sector * 4096 + 2000] ^= 0x10;
  FlashLog again(&flash);
  REQUIRE(again.mount("c", 0) == Status::Ok);
  const std::vector<Item> items = read_all(again, RecordClass::Stream);
  CHECK(items.size() < 200);
  CHECK(items.size() > 130);
  CHECK(items.back().seq == 200);
  for (const Item& item : items) CHECK(item.json == json_of(item.seq, 40));
  CHECK(again.losses().torn_sectors == 1);
}

TEST_CASE("a flash that cannot be read is an error, not an empty log") {
  NorFlash flash(8);
  FlashLog log(&flash);
  REQUIRE(log.mount("b", 0) == Status::Ok);
  fill(log, RecordClass::Stream, 1, 3);
  LogCursor cursor = log.oldest(RecordClass::Stream);
  LogRecord record;
  flash.failing_reads = 1;
  CHECK(log.front(RecordClass::Stream, cursor, record) == Status::IoError);
  CHECK(log.front(RecordClass::Stream, cursor, record) == Status::Ok);
  for (uint32_t reads = 0; reads < 60; reads += 7) {
    FlashLog again(&flash);
    NorFlash broken = flash;
    FlashLog half(&broken);
    broken.failing_reads = 1;
    CHECK(half.mount("c", 0) == Status::IoError);
    CHECK_FALSE(half.is_mounted());
  }
}

TEST_CASE("no flash, too few or too small sectors: not ready; more than 256 sectors: the first 256") {
  FlashLog none(nullptr);
  CHECK(none.mount("b", 0) == Status::NotReady);
  NorFlash few(3), small(16, 1024), many(300);
  FlashLog with_few(&few), with_small(&small), with_many(&many);
  CHECK(with_few.mount("b", 0) == Status::NotReady);
  CHECK(with_small.mount("b", 0) == Status::NotReady);
  REQUIRE(with_many.mount("b", 255) == Status::Ok);
  CHECK(with_many.sectors() == 256);
  CHECK(fill(with_many, RecordClass::Stream, 1, 100) == 100);
}

TEST_CASE("erase_all leaves nothing") {
  NorFlash flash(8);
  FlashLog log(&flash);
  REQUIRE(log.mount("b", 0) == Status::Ok);
  fill(log, RecordClass::Stream, 1, 300);
  REQUIRE(log.erase_all() == Status::Ok);
  CHECK(log.live_records() == 0);
  for (const uint8_t byte : flash.bytes) REQUIRE(byte == 0xFF);
  CHECK(fill(log, RecordClass::Stream, 301, 5) == 305);
  CHECK(read_all(log, RecordClass::Stream).size() == 5);
}
