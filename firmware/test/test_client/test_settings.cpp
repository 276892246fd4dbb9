#include <doctest/doctest.h>

#include "recording_uplink.hpp"

using namespace fairlead;
using namespace fairlead::test;
using Lines = std::vector<std::string>;

namespace {

uint32_t heard = 0;

struct Rig : ClientRig {
  Setting<uint32_t> sample_s{client, "sample_s", 10u, 1u, 3600u};
  Setting<bool> armed{client, "armed", false};
  Setting<float> gain{client, "gain", 1.5f, 0.0f, 10.0f};
  explicit Rig(const fakes::MemoryStore* before = nullptr) {
    if (before != nullptr) store = *before;
    REQUIRE(start() == Status::Ok);
  }
  void become_ready() {
    net.on_state(SessionState::Ready);
    run();
  }
};

const std::string kFirst = "{\"gain\":1.5,\"armed\":false,\"sample_s\":10}";

}  // namespace

TEST_CASE("[M-12] what the device runs with is reported in the first session, once") {
  Rig rig;
  rig.run(1000);
  CHECK(rig.take_lines().empty());
  rig.become_ready();
  CHECK(rig.take_lines() == Lines{"reported 0 " + kFirst});
  rig.become_ready();
  CHECK(rig.take_lines().empty());
}

TEST_CASE("[M-12] a wish is taken, stored, told to the sketch and reported with its version") {
  Rig rig;
  rig.become_ready();
  rig.take_lines();
  heard = 0;
  rig.sample_s.on_change([](uint32_t now) { heard = now; });
  rig.net.on_desired(7, "{\"sample_s\":30,\"unknown\":1}");
  rig.run();
  CHECK(rig.sample_s == 30u);
  CHECK(heard == 30);
  CHECK(rig.take_lines() == Lines{"reported 7 {\"gain\":1.5,\"armed\":false,\"sample_s\":30}"});
  Rig after(&rig.store);
  CHECK(after.sample_s == 30u);
  CHECK(after.client.settings_version() == 7);
}

TEST_CASE("[M-12] an older wish is passed over") {
  Rig rig;
  rig.become_ready();
  rig.net.on_desired(7, "{\"sample_s\":30}");
  rig.run();
  rig.take_lines();
  rig.net.on_desired(6, "{\"sample_s\":40}");
  rig.run(20000);
  CHECK(rig.sample_s == 30u);
  CHECK(rig.take_lines().empty());
}

TEST_CASE("a value that is out of range or of another type keeps the old one, and the report says so") {
  for (const char* wish : {"{\"sample_s\":0}", "{\"sample_s\":3601}", "{\"sample_s\":1.5}", "{\"sample_s\":\"9\"}",
                           "{\"sample_s\":true}", "{\"sample_s\":-1}"}) {
    CAPTURE(wish);
    Rig rig;
    rig.become_ready();
    rig.take_lines();
    rig.net.on_desired(3, wish);
    rig.run();
    CHECK(rig.sample_s == 10u);
    CHECK(rig.take_lines() == Lines{"log warn sample_s", "reported 3 " + kFirst});
  }
}

TEST_CASE("a change on the spot is clamped, stored within ten seconds, and wears the flash no more than that") {
  Rig rig;
  rig.become_ready();
  rig.take_lines();
  rig.gain = 99.0f;
  CHECK(rig.gain == 10.0f);
  for (int at = 0; at < 3000; ++at) {
    rig.gain = static_cast<float>(at % 10);
    rig.run(10);
  }
  rig.run(kSettingsStoreIntervalMs);
  CHECK(rig.store.writes <= 5);
  CHECK(rig.take_lines().back() == "reported 0 {\"gain\":9,\"armed\":false,\"sample_s\":10}");
}

TEST_CASE("a store that fails is tried again, and nothing is reported before it is stored") {
  Rig rig;
  rig.become_ready();
  rig.take_lines();
  rig.store.failing_writes = 2;
  rig.net.on_desired(5, "{\"armed\":true}");
  rig.run(15000);
  CHECK(rig.take_lines().empty());
  CHECK(rig.client.counters().store_failures == 2);
  rig.run(10000);
  CHECK(rig.take_lines() == Lines{"reported 5 {\"gain\":1.5,\"armed\":true,\"sample_s\":10}"});
}

TEST_CASE("a power cut at the store leaves the old settings or the new ones, never a mix") {
  for (const bool after : {false, true}) {
    Rig rig;
    rig.become_ready();
    rig.store.cut_power_at(1, after);
    rig.net.on_desired(2, "{\"sample_s\":20,\"armed\":true}");
    rig.run();
    rig.store.power_on();
    Rig next(&rig.store);
    CHECK(next.sample_s == (after ? 20u : 10u));
    CHECK(next.armed == after);
    CHECK(next.client.settings_version() == (after ? 2 : 0));
  }
}

TEST_CASE("a store with rubbish in it leaves the initial values") {
  for (const char* rubbish : {"", "{", "{\"state\":3}", "{\"version\":\"x\",\"state\":{\"sample_s\":99999}}", "\xff\xfe"}) {
    fakes::MemoryStore store;
    REQUIRE(store.put("settings", bytes_of(rubbish)) == Status::Ok);
    Rig rig(&store);
    CHECK(rig.sample_s == 10u);
  }
}

TEST_CASE("of wishes that find no room the newest is kept") {
  Rig rig;
  const std::string pad(2900, 'x');
  for (uint64_t version = 1; version <= 9; ++version) {
    rig.net.on_desired(version, "{\"sample_s\":" + std::to_string(version) + ",\"pad\":\"" + pad + "\"}");
  }
  rig.run(200);
  CHECK(rig.sample_s == 9u);
  CHECK(rig.client.settings_version() == 9);
}
