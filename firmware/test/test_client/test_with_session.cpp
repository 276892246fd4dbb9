#include <doctest/doctest.h>

#include "fairlead_client/client.hpp"
#include "fairlead_client/core_uplink.hpp"
#include "fakes/session_rig.hpp"
#include "no_heap.hpp"

using namespace fairlead;

namespace {

bool relay = false;

CommandResult set_relay(const Arguments& arguments) {
  relay = arguments.flag("on");
  return ok("on", relay);
}

/** A sketch on the real session and outbox, its gateway played by FakeGateway. */
struct Sketch {
  Client client{"greenhouse", "1.4.0"};
  Telemetry<float> temperature{client, "temperature", every_s(10)};
  Telemetry<bool> door{client, "door", on_change().as_event()};
  Setting<uint32_t> sample_s{client, "sample_s", 10u, 1u, 3600u};
  Command command{client, "relay.set", set_relay, {flag("on")}};

  fakes::SessionRig rig;
  NetSide net{rig.clock};
  fakes::Boot boot{rig.ports, net, "sketch-boot", 16 * 1024};
  CoreUplink uplink{boot.outbox, boot.session, rig.system};

  Sketch() {
    net.bind(client.link(), uplink, client);
    REQUIRE(client.start(rig.clock, rig.system, rig.store) == Status::Ok);
    SessionConfig config;
    config.host = "gateway.test";
    config.ca_pem = "CA";
    config.firmware = client.firmware();
    config.model = client.model();
    config.boot = boot.boot_id.c_str();
    boot.session.configure(config);
  }
  void turn() {
    client.turn();
    boot.session.tick();
    net.turn();
    boot.outbox.tick();
  }
  void run(uint64_t ms) {
    for (const uint64_t end = rig.clock.now_ms + ms; rig.clock.now_ms < end; rig.clock.advance(10)) turn();
  }
  bool run_until_ready() {
    for (int at = 0; at < 6000 && !client.ready(); ++at) run(10);
    return client.ready();
  }
  bool published(const std::string& part) const {
    for (const auto& record : rig.gateway.published) {
      if (record.frame.find(part) != std::string::npos) return true;
    }
    return false;
  }
};

}  // namespace

TEST_CASE("a sketch's telemetry reaches the bus, its command answers, its settings are reported") {
  Sketch sketch;
  sketch.temperature = 21.5f;
  REQUIRE(sketch.run_until_ready());
  sketch.door = true;
  sketch.rig.gateway.command("c1", "relay.set", "{\"on\":true}");
  sketch.run(3000);
  CHECK(sketch.published("\"temperature\":21.5"));
  CHECK(sketch.published("\"data\":{\"door\":true}"));
  CHECK(sketch.published("\"rssi_dbm\":-60"));
  CHECK(relay);
  REQUIRE(sketch.rig.gateway.results.count("c1") == 1);
  CHECK(sketch.rig.gateway.results["c1"].find("{\"on\":true}") != std::string::npos);
  REQUIRE(sketch.rig.gateway.reported.size() == 1);
  CHECK(sketch.rig.gateway.reported[0].find("\"sample_s\":10") != std::string::npos);
  CHECK(sketch.client.all_sent());
  CHECK(sketch.rig.gateway.violations == 0);
}

TEST_CASE("[C-17] a command that the sketch did not declare is refused before it is accepted") {
  Sketch sketch;
  REQUIRE(sketch.run_until_ready());
  sketch.rig.gateway.command("c1", "relay.toggle");
  sketch.run(500);
  CHECK(sketch.rig.gateway.results["c1"].find("unsupported") != std::string::npos);
  CHECK(sketch.rig.gateway.command_frames.size() == 1);
}

TEST_CASE("a sketch that must not run takes no commands: they are refused at once instead of waiting for nobody") {
  Sketch sketch;
  sketch.client.take_commands(false);
  REQUIRE(sketch.run_until_ready());
  sketch.rig.gateway.command("c1", "relay.set", "{\"on\":true}");
  sketch.run(500);
  CHECK(sketch.rig.gateway.results["c1"].find("unsupported") != std::string::npos);
}

TEST_CASE("what happens offline is sent when the gateway is there, with its age") {
  Sketch sketch;
  sketch.rig.gateway.door = fakes::FakeGateway::Door::Fail;
  sketch.run(1000);
  sketch.door = true;
  sketch.run(20000);
  CHECK_FALSE(sketch.client.all_sent());
  sketch.rig.gateway.door = fakes::FakeGateway::Door::Accept;
  REQUIRE(sketch.run_until_ready());
  sketch.run(3000);
  CHECK(sketch.published("\"data\":{\"door\":true}"));
  CHECK(sketch.client.all_sent());
}

TEST_CASE("a sketch's turn asks for no heap") {
  Sketch sketch;
  REQUIRE(sketch.run_until_ready());
  sketch.rig.gateway.command("c1", "relay.set", "{\"on\":false}");
  sketch.boot.session.tick();
  const unsigned long before = heap_requests();
  {
    NoHeap guard;
    for (int at = 0; at < 100; ++at) {
      sketch.rig.clock.advance(150);
      sketch.temperature = static_cast<float>(at);
      sketch.door = at % 2 == 0;
      sketch.sample_s = static_cast<uint32_t>(at + 1);
      sketch.client.event("tick", "{\"at\":1}");
      Letter letter;
      while (sketch.client.link().up.front(letter)) sketch.client.link().up.pop();
      if (at % 99 != 0) continue;
      sketch.client.log("info", "here");
    }
  }
  CHECK(heap_requests() == before);
  CHECK(before > 0);
}
