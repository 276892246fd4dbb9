#include <doctest/doctest.h>

#include <string>

#include "fairlead/token_slots.hpp"
#include "fakes/memory_store.hpp"

using namespace fairlead;
using fakes::MemoryStore;

namespace {

std::string sha256_of(const std::string& text) {
  char hex[kSha256HexBytes];
  sha256_hex(bytes_of(text), hex);
  return hex;
}

/** Stores a candidate and gives the digest, or "" when it was not stored. */
std::string rotate(TokenSlots& slots, const std::string& id, const std::string& token) {
  char hex[kSha256HexBytes];
  return slots.store_candidate(id, token, hex) == Status::Ok ? hex : "";
}

}  // namespace

TEST_CASE("a device without a token has none, and one that a person set is used at once") {
  MemoryStore store;
  TokenSlots slots(store);
  CHECK(slots.begin() == Status::NotFound);
  CHECK_FALSE(slots.has_token());
  CHECK(std::string(slots.current()) == "");
  CHECK(slots.provision("with space") == Status::Invalid);
  CHECK(slots.provision("") == Status::Invalid);
  CHECK(slots.provision(std::string(limits::kTokenMaxBytes + 1, 'x')) == Status::Invalid);
  const std::string largest(limits::kTokenMaxBytes, 'x');
  REQUIRE(slots.provision(largest) == Status::Ok);
  CHECK(slots.current() == largest);
  CHECK_FALSE(slots.has_other());
  CHECK_FALSE(slots.use_other());
  TokenSlots again(store);
  REQUIRE(again.begin() == Status::Ok);
  CHECK(again.current() == largest);
}

TEST_CASE("a rotated token is read back, used from the next connect on, and confirmed by its first welcome [K-7] [K-8]") {
  MemoryStore store;
  TokenSlots slots(store);
  CHECK(slots.begin() == Status::NotFound);
  REQUIRE(slots.provision("old", "t1") == Status::Ok);
  CHECK(rotate(slots, "t2", "new") == sha256_of("new"));
  CHECK(std::string(slots.current()) == "old");  // this session goes on under the old one
  slots.use_first();
  CHECK(std::string(slots.current()) == "new");
  CHECK(std::string(slots.current_id()) == "t2");
  CHECK(slots.current_is_candidate());
  CHECK(rotate(slots, "t3", "newer") == "");     // not before it has proved itself
  REQUIRE(slots.confirm_current() == Status::Ok);
  CHECK_FALSE(slots.current_is_candidate());
  const uint32_t writes = store.writes;
  REQUIRE(slots.confirm_current() == Status::Ok);
  CHECK(store.writes == writes);
  CHECK(rotate(slots, "t3", "newer") == sha256_of("newer"));
  CHECK(rotate(slots, "t4", "newest") == sha256_of("newest"));  // the one before was never used
  TokenSlots again(store);
  REQUIRE(again.begin() == Status::Ok);
  CHECK(std::string(again.current()) == "newest");
  CHECK(again.use_other());
  CHECK(std::string(again.current()) == "new");
}

TEST_CASE("after a 401 the other token is tried, and neither is ever erased [H-13]") {
  MemoryStore store;
  TokenSlots slots(store);
  CHECK(slots.begin() == Status::NotFound);
  REQUIRE(slots.provision("good", "t1") == Status::Ok);
  CHECK(rotate(slots, "t2", "bad") != "");
  slots.use_first();
  CHECK(std::string(slots.current()) == "bad");
  CHECK(slots.use_other());
  CHECK(std::string(slots.current()) == "good");
  CHECK(rotate(slots, "t3", "x") != "");  // the candidate is still unproven, and may be replaced
  slots.use_first();
  CHECK(slots.use_other());
  REQUIRE(slots.confirm_current() == Status::Ok);
  TokenSlots again(store);
  REQUIRE(again.begin() == Status::Ok);
  CHECK(std::string(again.current()) == "good");  // the refused one is no longer tried first
  for (int i = 0; i < 20; ++i) CHECK(again.use_other());
  CHECK(std::string(again.current()) == "good");
  CHECK(again.has_other());
}

TEST_CASE("the same token told again is confirmed without a change") {
  MemoryStore store;
  TokenSlots slots(store);
  CHECK(slots.begin() == Status::NotFound);
  REQUIRE(slots.provision("token", "t1") == Status::Ok);
  const uint32_t writes = store.writes;
  CHECK(rotate(slots, "t1", "token") == sha256_of("token"));
  CHECK(store.writes == writes);
}

TEST_CASE("a store that fails leaves the token in use untouched, and no digest is given") {
  MemoryStore store;
  TokenSlots slots(store);
  CHECK(slots.begin() == Status::NotFound);
  REQUIRE(slots.provision("old", "t1") == Status::Ok);
  store.failing_writes = 1;
  CHECK(rotate(slots, "t2", "new") == "");
  slots.use_first();
  CHECK(std::string(slots.current()) == "old");
  store.cut_power_at(2, false);  // the slot is written, the choice is not
  CHECK(rotate(slots, "t2", "new") == "");
  store.power_on();
  slots.use_first();
  CHECK(std::string(slots.current()) == "old");
  CHECK(rotate(slots, "t2", "new") == sha256_of("new"));
}

TEST_CASE("a power cut in any step of a rotation leaves a token that the gateway takes") {
  // The gateway takes the old token until the device has confirmed the new one, and the new one from the start [K-9].
  for (const bool after : {false, true}) {
    for (uint32_t cut = 1; cut <= 6; ++cut) {
      MemoryStore store;
      TokenSlots slots(store);
      CHECK(slots.begin() == Status::NotFound);
      REQUIRE(slots.provision("t0", "i0") == Status::Ok);
      std::string taken_old = "t0", taken_new = "t0";
      store.cut_power_at(cut, after);
      for (int i = 1; i <= 3 && store.powered; ++i) {
        taken_new = "t" + std::to_string(i);
        if (rotate(slots, "i" + std::to_string(i), taken_new) == "") break;
        slots.use_first();
        if (slots.confirm_current() != Status::Ok) break;
        taken_old = taken_new;
      }
      store.power_on();
      TokenSlots again(store);
      REQUIRE(again.begin() == Status::Ok);
      const bool first_taken = again.current() == taken_old || again.current() == taken_new;
      const bool other_taken = again.use_other() && (again.current() == taken_old || again.current() == taken_new);
      CHECK((first_taken || other_taken));
      REQUIRE(again.provision("by-hand") == Status::Ok);
      CHECK(std::string(again.current()) == "by-hand");
    }
  }
}

TEST_CASE("damage to one slot or to the choice leaves the other token usable") {
  for (const char* key : {"token_a", "token_b", "token_choice"}) {
    for (const bool gone : {false, true}) {
      MemoryStore store;
      TokenSlots slots(store);
      CHECK(slots.begin() == Status::NotFound);
      REQUIRE(slots.provision("first", "t1") == Status::Ok);
      CHECK(rotate(slots, "t2", "second") != "");
      if (gone) store.values.erase(key);
      else store.values[key].back() ^= 0x40;
      TokenSlots again(store);
      REQUIRE(again.begin() == Status::Ok);
      const std::string left = again.current();
      CHECK((left == "first" || left == "second"));
    }
  }
}

TEST_CASE("erase_all forgets both") {
  MemoryStore store;
  TokenSlots slots(store);
  CHECK(slots.begin() == Status::NotFound);
  REQUIRE(slots.provision("first", "t1") == Status::Ok);
  CHECK(rotate(slots, "t2", "second") != "");
  REQUIRE(slots.erase_all() == Status::Ok);
  CHECK_FALSE(slots.has_token());
  CHECK(store.values.empty());
}
