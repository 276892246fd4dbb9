#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "clock_posix.hpp"
#include "entropy_posix.hpp"
#include "flash_file.hpp"
#include "store_file.hpp"
#include "system_posix.hpp"

using namespace fairlead;
using namespace fairlead::posix;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/fairlead-test-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

std::string value_of(KeyValueStore& store, const char* key) {
  uint8_t bytes[64];
  size_t size = 0;
  if (store.get(key, {bytes, sizeof bytes}, size) != Status::Ok) return "(none)";
  return std::string(text_of({bytes, size}));
}

std::vector<uint8_t> flash_bytes(FlashRegion& flash, size_t offset, size_t size) {
  std::vector<uint8_t> bytes(size);
  REQUIRE(flash.read(offset, {bytes.data(), size}) == Status::Ok);
  return bytes;
}

}  // namespace

TEST_CASE("a value is there for the next process, and its successor replaces it whole") {
  Folder folder;
  {
    StoreFile store(folder.path);
    CHECK(store.put("token_0", bytes_of("a long value of the past")) == Status::Ok);
    CHECK(store.put("token_0", bytes_of("new")) == Status::Ok);
  }
  StoreFile store(folder.path);
  CHECK(value_of(store, "token_0") == "new");
  CHECK(store.remove("token_0") == Status::Ok);
  CHECK(store.remove("token_0") == Status::NotFound);
  CHECK(value_of(store, "token_0") == "(none)");
}

TEST_CASE("an empty value is a value, and one that does not fit says so") {
  Folder folder;
  StoreFile store(folder.path);
  size_t size = 9;
  uint8_t byte = 0;
  CHECK(store.put("empty", {}) == Status::Ok);
  CHECK(store.get("empty", {&byte, 1}, size) == Status::Ok);
  CHECK(size == 0);
  CHECK(store.put("two", bytes_of("ab")) == Status::Ok);
  CHECK(store.get("two", {&byte, 1}, size) == Status::TooLarge);
}

TEST_CASE("a write that was torn by a power cut leaves the old value") {
  Folder folder;
  StoreFile store(folder.path);
  REQUIRE(store.put("key", bytes_of("old")) == Status::Ok);
  std::ofstream(folder.path + "/key.new") << "half of the n";
  CHECK(value_of(store, "key") == "old");
  CHECK(store.put("key", bytes_of("next")) == Status::Ok);
  CHECK(value_of(store, "key") == "next");
}

TEST_CASE("a key can name nothing outside its folder, nor be longer than NVS takes") {
  Folder folder;
  StoreFile store(folder.path);
  for (const char* key : {"", "..", "../x", "a/b", "a.new", "sixteen_letters_"})
    CHECK(store.put(key, bytes_of("x")) == Status::Invalid);
  CHECK(store.put("fifteen_letters", bytes_of("x")) == Status::Ok);
}

TEST_CASE("a store whose folder is gone reports it") {
  StoreFile store("/nonexistent/fairlead");
  CHECK(store.put("key", bytes_of("x")) == Status::IoError);
  CHECK(value_of(store, "key") == "(none)");
}

TEST_CASE("flash begins erased, keeps what was programmed, and only clears bits") {
  Folder folder;
  const std::string path = folder.path + "/flash";
  std::vector<uint8_t> first(16, 0xF0), second(16, 0x3C);
  {
    FlashFile flash(path.c_str(), 4);
    REQUIRE(flash.ok());
    CHECK(flash.size() == 4 * 4096);
    CHECK(flash_bytes(flash, 0, flash.size()) == std::vector<uint8_t>(4 * 4096, 0xFF));
    CHECK(flash.program(4096, {first.data(), 16}) == Status::Ok);
    CHECK(flash.program(4096, {second.data(), 16}) == Status::Ok);
  }
  FlashFile flash(path.c_str(), 4);
  REQUIRE(flash.ok());
  CHECK(flash_bytes(flash, 4096, 16) == std::vector<uint8_t>(16, 0x30));
  CHECK(flash.erase_sector(4096) == Status::Ok);
  CHECK(flash_bytes(flash, 4096, 16) == std::vector<uint8_t>(16, 0xFF));
}

TEST_CASE("flash programs across sectors in one call") {
  Folder folder;
  FlashFile flash((folder.path + "/flash").c_str(), 3);
  std::vector<uint8_t> bytes(2 * 4096);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 7);
  CHECK(flash.program(4096 - 16, {bytes.data(), bytes.size()}) == Status::Ok);
  CHECK(flash_bytes(flash, 4096 - 16, bytes.size()) == bytes);
}

TEST_CASE("flash refuses what is not aligned or not inside") {
  Folder folder;
  FlashFile flash((folder.path + "/flash").c_str(), 2);
  uint8_t bytes[32] = {};
  CHECK(flash.program(8, {bytes, 16}) == Status::Invalid);
  CHECK(flash.program(0, {bytes, 15}) == Status::Invalid);
  CHECK(flash.program(2 * 4096 - 16, {bytes, 32}) == Status::Invalid);
  CHECK(flash.program(SIZE_MAX - 15, {bytes, 32}) == Status::Invalid);
  CHECK(flash.read(2 * 4096, {bytes, 1}) == Status::Invalid);
  CHECK(flash.erase_sector(2048) == Status::Invalid);
  CHECK(flash.erase_sector(2 * 4096) == Status::Invalid);
}

TEST_CASE("a flash file of another size is not taken") {
  Folder folder;
  const std::string path = folder.path + "/flash";
  std::ofstream(path) << "too short";
  FlashFile flash(path.c_str(), 2);
  CHECK_FALSE(flash.ok());
}

TEST_CASE("a restart ends the process with 42, and the next start knows it was a software reset, once") {
  Folder folder;
  CHECK(SystemPosix(folder.path).reset_reason() == ResetReason::PowerOn);
  std::fflush(nullptr);  // or the child writes it again
  const pid_t child = ::fork();
  if (child == 0) SystemPosix(folder.path).restart("test");
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == kRestartExitCode);
  CHECK(SystemPosix(folder.path).reset_reason() == ResetReason::Software);
  CHECK(SystemPosix(folder.path).reset_reason() == ResetReason::PowerOn);
}

TEST_CASE("the clock begins near zero and never steps back; random numbers differ") {
  ClockPosix clock;
  uint64_t last = clock.mono_ms();
  CHECK(last < 1000);
  for (int i = 0; i < 1000; ++i) {
    const uint64_t now = clock.mono_ms();
    REQUIRE(now >= last);
    last = now;
  }
  EntropyPosix entropy;
  std::vector<uint32_t> numbers(64);
  for (uint32_t& number : numbers) number = entropy.u32();
  std::sort(numbers.begin(), numbers.end());
  CHECK(std::unique(numbers.begin(), numbers.end()) - numbers.begin() > 60);
}
