#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "fairlead/command_memory.hpp"
#include "fakes/memory_store.hpp"

using namespace fairlead;
using fakes::MemoryStore;

namespace {

std::string id_of(int number) { return "cmd-" + std::to_string(number); }

std::string result_of(CommandMemory& memory, const std::string& id) {
  uint8_t bytes[limits::kResultMaxBytes];
  size_t size = 0;
  if (memory.read_result(id, {bytes, sizeof bytes}, size) != Status::Ok) return "none";
  return std::string(reinterpret_cast<const char*>(bytes), size);
}

}  // namespace

TEST_CASE("an id is unknown, then running, then finished with its result, also after a restart [C-15]") {
  MemoryStore store;
  CommandMemory memory(store);
  REQUIRE(memory.begin() == Status::Ok);
  CHECK(memory.find("c1") == CommandState::Unknown);
  CHECK(memory.store_result("c1", bytes_of("{}")) == Status::NotFound);
  CHECK(memory.store_started("c1") == Status::Ok);
  CHECK(memory.find("c1") == CommandState::Running);
  CHECK(memory.store_started("c1") == Status::Invalid);
  CHECK(result_of(memory, "c1") == "none");
  CHECK(memory.store_result("c1", bytes_of("{\"ok\":true}")) == Status::Ok);
  CHECK(memory.find("c1") == CommandState::Finished);
  CHECK(memory.store_result("c1", bytes_of("{\"ok\":false}")) == Status::Invalid);  // the first result counts
  CommandMemory again(store);
  REQUIRE(again.begin() == Status::Ok);
  CHECK(again.find("c1") == CommandState::Finished);
  CHECK(result_of(again, "c1") == "{\"ok\":true}");
  CHECK(again.find("c") == CommandState::Unknown);
}

TEST_CASE("a command that ran when the power went is interrupted [C-15]") {
  MemoryStore store;
  CommandMemory memory(store);
  REQUIRE(memory.begin() == Status::Ok);
  REQUIRE(memory.store_started("c1") == Status::Ok);
  CommandMemory again(store);
  REQUIRE(again.begin() == Status::Ok);
  CHECK(again.find("c1") == CommandState::Interrupted);
  CHECK(again.store_started("c1") == Status::Invalid);  // never run again
  CHECK(again.store_result("c1", bytes_of("interrupted")) == Status::Ok);
  CHECK(result_of(again, "c1") == "interrupted");
}

TEST_CASE("the last 16 ids are remembered, the oldest is forgotten first, and none that runs [L-20]") {
  MemoryStore store;
  CommandMemory memory(store);
  REQUIRE(memory.begin() == Status::Ok);
  REQUIRE(memory.store_started("long-runner") == Status::Ok);
  for (int i = 0; i < 40; ++i) {
    REQUIRE(memory.store_started(id_of(i)) == Status::Ok);
    REQUIRE(memory.store_result(id_of(i), bytes_of(id_of(i))) == Status::Ok);
  }
  CommandMemory again(store);
  REQUIRE(again.begin() == Status::Ok);
  CHECK(memory.find("long-runner") == CommandState::Running);
  CHECK(again.find("long-runner") == CommandState::Interrupted);
  for (int i = 0; i < 40; ++i) {
    CHECK(again.find(id_of(i)) == (i < 25 ? CommandState::Unknown : CommandState::Finished));
    if (i >= 25) CHECK(result_of(again, id_of(i)) == id_of(i));
  }
  // Interrupted ones go before nothing else is left.
  REQUIRE(again.store_started("next") == Status::Ok);
  CHECK(again.find("long-runner") == CommandState::Interrupted);
}

TEST_CASE("sixteen commands that run leave no room for another") {
  MemoryStore store;
  CommandMemory memory(store);
  REQUIRE(memory.begin() == Status::Ok);
  for (int i = 0; i < 16; ++i) REQUIRE(memory.store_started(id_of(i)) == Status::Ok);
  CHECK(memory.store_started("one-more") == Status::Full);
  CHECK(memory.store_result(id_of(3), {}) == Status::Ok);
  CHECK(memory.store_started("one-more") == Status::Ok);
}

TEST_CASE("a result that is too large is stored as the error result_too_large") {
  MemoryStore store;
  CommandMemory memory(store);
  REQUIRE(memory.begin() == Status::Ok);
  const std::string id(limits::kNameMaxBytes, 'c');
  REQUIRE(memory.store_started(id) == Status::Ok);
  CHECK(memory.store_result(id, bytes_of(std::string(limits::kResultMaxBytes + 1, 'x'))) == Status::TooLarge);
  const std::string stored = result_of(memory, id);
  CHECK(stored.find("\"result_too_large\"") != std::string::npos);
  CHECK(stored.find("\"ok\":false") != std::string::npos);
  CHECK(stored.find(id) != std::string::npos);
  REQUIRE(memory.store_started("largest") == Status::Ok);
  const std::string largest(limits::kResultMaxBytes, 'x');
  CHECK(memory.store_result("largest", bytes_of(largest)) == Status::Ok);
  CHECK(result_of(memory, "largest") == largest);
}

TEST_CASE("a power cut before or after each write leaves an id unknown, interrupted or finished with its result") {
  for (const bool after : {false, true}) {
    for (uint32_t cut = 1; cut <= 40; ++cut) {
      MemoryStore store;
      CommandMemory memory(store);
      REQUIRE(memory.begin() == Status::Ok);
      store.cut_power_at(cut, after);
      int started = 0, finished = 0;
      for (int i = 0; i < 20; ++i) {
        if (memory.store_started(id_of(i)) != Status::Ok) break;
        ++started;
        if (memory.store_result(id_of(i), bytes_of("result of " + id_of(i))) != Status::Ok) break;
        ++finished;
      }
      store.power_on();
      CommandMemory again(store);
      REQUIRE(again.begin() == Status::Ok);
      CHECK(again.unreadable() == 0);
      for (int i = std::max(0, finished - 15); i < finished; ++i) CHECK(result_of(again, id_of(i)) == "result of " + id_of(i));
      if (started > finished) CHECK(again.find(id_of(finished)) != CommandState::Unknown);
    }
  }
}

TEST_CASE("the writes are counted over restarts, two for each command") {
  MemoryStore store;
  for (int i = 0; i < 10; ++i) {
    CommandMemory memory(store);
    REQUIRE(memory.begin() == Status::Ok);
    CHECK(memory.writes() == static_cast<uint32_t>(2 * i));
    REQUIRE(memory.store_started(id_of(i)) == Status::Ok);
    REQUIRE(memory.store_result(id_of(i), bytes_of("{}")) == Status::Ok);
  }
  CHECK(store.writes == 20);
}

TEST_CASE("a damaged entry is forgotten and counted, a store that cannot be read is an error") {
  MemoryStore store;
  CommandMemory memory(store);
  REQUIRE(memory.begin() == Status::Ok);
  REQUIRE(memory.store_started("c1") == Status::Ok);
  REQUIRE(memory.store_started("c2") == Status::Ok);
  store.values["cmd00"].back() ^= 1;
  REQUIRE(memory.begin() == Status::Ok);
  CHECK(memory.unreadable() == 1);
  CHECK(memory.find("c1") == CommandState::Unknown);
  CHECK(memory.find("c2") == CommandState::Interrupted);
  store.powered = false;
  CHECK(memory.begin() == Status::IoError);
}

TEST_CASE("a write that fails changes nothing") {
  MemoryStore store;
  CommandMemory memory(store);
  REQUIRE(memory.begin() == Status::Ok);
  store.failing_writes = 1;
  CHECK(memory.store_started("c1") == Status::IoError);
  CHECK(memory.find("c1") == CommandState::Unknown);
  REQUIRE(memory.store_started("c1") == Status::Ok);
  store.failing_writes = 1;
  CHECK(memory.store_result("c1", bytes_of("{}")) == Status::IoError);
  CHECK(memory.find("c1") == CommandState::Running);
  CHECK(memory.store_result("c1", bytes_of("{}")) == Status::Ok);
  CHECK(memory.store_started("no name") == Status::Invalid);
}
