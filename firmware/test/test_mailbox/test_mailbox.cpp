#include <doctest/doctest.h>

#include <cstring>
#include <deque>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "fairlead_client/mailbox.hpp"

using fairlead::Letter;
using fairlead::Mailbox;

namespace {

struct Box {
  explicit Box(size_t bytes) : ring(bytes, 0xEE), mail({ring.data(), ring.size()}) {}
  std::vector<uint8_t> ring;
  Mailbox mail;
};

Letter letter_of(uint64_t number, const std::string& a, const std::string& b = "", const std::string& c = "") {
  Letter letter;
  letter.kind = static_cast<uint8_t>(number % 7);
  letter.small = -static_cast<int32_t>(number % 1000);
  letter.number = number;
  letter.a = a;
  letter.b = b;
  letter.c = c;
  return letter;
}

}  // namespace

TEST_CASE("an empty mailbox has no letter") {
  Box box(64);
  Letter letter;
  CHECK(box.mail.empty());
  CHECK_FALSE(box.mail.front(letter));
  box.mail.pop();
  CHECK(box.mail.empty());
}

TEST_CASE("a letter comes out as it went in, and only after pop() the next one") {
  Box box(256);
  REQUIRE(box.mail.push(letter_of(1, "a", "bb", "ccc")));
  REQUIRE(box.mail.push(letter_of(uint64_t{1} << 60, "", std::string("\0x", 2))));
  Letter letter;
  REQUIRE(box.mail.front(letter));
  REQUIRE(box.mail.front(letter));
  CHECK(letter.number == 1);
  CHECK(letter.small == -1);
  CHECK(letter.a == "a");
  CHECK(letter.b == "bb");
  CHECK(letter.c == "ccc");
  box.mail.pop();
  REQUIRE(box.mail.front(letter));
  CHECK(letter.number == uint64_t{1} << 60);
  CHECK(letter.a.empty());
  CHECK(letter.b == std::string("\0x", 2));
  box.mail.pop();
  CHECK(box.mail.empty());
}

TEST_CASE("a full mailbox refuses and keeps what it has") {
  Box box(128);
  const std::string text(20, 'x');
  int taken = 0;
  while (box.mail.push(letter_of(static_cast<uint64_t>(taken), text))) ++taken;
  CHECK(taken == 2);
  Letter letter;
  for (int at = 0; at < taken; ++at, box.mail.pop()) {
    REQUIRE(box.mail.front(letter));
    CHECK(letter.number == static_cast<uint64_t>(at));
  }
  CHECK(box.mail.empty());
}

TEST_CASE("a letter of half the ring fits into an empty one wherever the ring stands, a larger one never") {
  Box box(256);
  const std::string half(128 - Mailbox::kOverheadBytes, 'h');
  for (uint64_t at = 0; at < 40; ++at) {
    CHECK_FALSE(box.mail.push(letter_of(at, half + "!")));
    REQUIRE(box.mail.push(letter_of(at, half)));
    Letter letter;
    REQUIRE(box.mail.front(letter));
    CHECK(letter.a == half);
    box.mail.pop();
    REQUIRE(box.mail.push(letter_of(at, std::string(at % 17, 'm'))));
    box.mail.pop();
  }
}

TEST_CASE("has_room() is never wrong when it says yes") {
  Box box(512);
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    const size_t size = random() % 180;
    const bool room = box.mail.has_room(size);
    const bool pushed = box.mail.push(letter_of(1, std::string(size, 'r')));
    if (room) CHECK(pushed);
    if (!pushed || random() % 2 == 0) box.mail.pop();
  }
}

TEST_CASE("whatever goes in comes out in order, for random sizes over many rounds of the ring") {
  Box box(1024);
  std::mt19937 random(1);
  std::deque<std::vector<std::string>> expected;
  uint64_t sent = 0, got = 0;
  for (int round = 0; round < 50000; ++round) {
    if (random() % 2 == 0) {
      std::vector<std::string> texts;
      for (int part = 0; part < 3; ++part) texts.emplace_back(random() % 90, static_cast<char>('a' + random() % 26));
      if (box.mail.push(letter_of(sent, texts[0], texts[1], texts[2]))) {
        expected.push_back(texts);
        ++sent;
      }
    } else {
      Letter letter;
      const bool has = box.mail.front(letter);
      REQUIRE(has == !expected.empty());
      if (!has) continue;
      REQUIRE(letter.number == got++);
      REQUIRE(letter.a == expected.front()[0]);
      REQUIRE(letter.b == expected.front()[1]);
      REQUIRE(letter.c == expected.front()[2]);
      expected.pop_front();
      box.mail.pop();
    }
  }
  CHECK(sent > 10000);
}

TEST_CASE("two tasks: nothing is lost, doubled or torn") {
  Box box(512);
  constexpr uint64_t kLetters = 100000;
  std::thread writer([&] {
    for (uint64_t number = 0; number < kLetters;) {
      const std::string text(number % 50, static_cast<char>('a' + number % 26));
      if (box.mail.push(letter_of(number, text))) ++number;
      else std::this_thread::yield();
    }
  });
  uint64_t wrong = 0;
  for (uint64_t number = 0; number < kLetters;) {
    Letter letter;
    if (!box.mail.front(letter)) {
      std::this_thread::yield();
      continue;
    }
    const std::string text(number % 50, static_cast<char>('a' + number % 26));
    if (letter.number != number || letter.a != text) ++wrong;
    box.mail.pop();
    ++number;
  }
  writer.join();
  CHECK(wrong == 0);
  CHECK(box.mail.empty());
}
