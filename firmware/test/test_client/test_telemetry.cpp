#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "recording_uplink.hpp"

using namespace fairlead;
using namespace fairlead::test;
using Lines = std::vector<std::string>;

TEST_CASE("every_s reports the last value at once and then once per period") {
  ClientRig rig;
  Telemetry<float> temperature(rig.client, "temperature", every_s(10));
  REQUIRE(rig.start() == Status::Ok);
  rig.run(5000);
  CHECK(rig.take_readings().empty());
  temperature = 21.5f;
  rig.run();
  temperature = 22.25f;
  rig.run(9990);
  CHECK(rig.take_readings() == Lines{"105000 0 \"temperature\":21.5"});
  rig.run(10);
  CHECK(rig.take_readings() == Lines{"115000 0 \"temperature\":22.25"});
  rig.run(30000);
  CHECK(rig.take_readings().size() == 3);
}

TEST_CASE("a deadband reports in between when the value moved by more") {
  ClientRig rig;
  Telemetry<float> level(rig.client, "level", every_s(60).deadband(0.5));
  REQUIRE(rig.start() == Status::Ok);
  level = 10;
  rig.run(1000);
  level = 10.5f;
  rig.run(1000);
  CHECK(rig.take_readings().size() == 1);
  level = 10.75f;
  rig.run(1000);
  CHECK(rig.take_readings() == Lines{"102000 0 \"level\":10.75"});
}

TEST_CASE("on_change reports changes alone, and thins a flood to the newest") {
  ClientRig rig;
  Telemetry<bool> door(rig.client, "door", on_change());
  Telemetry<int32_t> count(rig.client, "count", on_change());
  REQUIRE(rig.start() == Status::Ok);
  door = true;
  rig.run(60000);
  door = true;
  rig.run(1000);
  CHECK(rig.take_readings() == Lines{"100000 0 \"door\":true"});
  for (int at = 0; at < 1000; ++at) {
    count = -at;
    rig.run(1, 1);
  }
  rig.run(200);
  const Lines counts = rig.take_readings();
  CHECK(counts.size() <= 12);
  CHECK(counts.back().find("\"count\":-999") != std::string::npos);
}

TEST_CASE("stream() reports every change that loop() sees, as_event() as an event") {
  ClientRig rig;
  Telemetry<bool> pump(rig.client, "pump", on_change().stream());
  Telemetry<bool> alarm(rig.client, "alarm", on_change().as_event());
  REQUIRE(rig.start() == Status::Ok);
  for (int at = 0; at < 10; ++at) {
    pump = at % 2 == 0;
    alarm = at < 5;
    rig.run(1, 5);
  }
  const Lines readings = rig.take_readings();
  CHECK(readings.size() == 10);
  CHECK(readings[0] == "100000 1 \"pump\":true");
  CHECK(rig.take_lines() == Lines{"event alarm {\"alarm\":true}", "event alarm {\"alarm\":false}"});
}

TEST_CASE("each_value hands over every assignment with its own time") {
  ClientRig rig;
  Telemetry<uint32_t> pulse(rig.client, "pulse", each_value());
  REQUIRE(rig.start() == Status::Ok);
  pulse = 7u;
  rig.clock.advance(3);
  pulse = 7u;
  pulse = 4294967295u;
  rig.run();
  CHECK(rig.take_readings() == Lines{"100000 1 \"pulse\":7", "100003 1 \"pulse\":7", "100003 1 \"pulse\":4294967295"});
}

TEST_CASE("[T-3] what is no number is passed over and counted") {
  ClientRig rig;
  Telemetry<float> value(rig.client, "value", every_s(1));
  REQUIRE(rig.start() == Status::Ok);
  value = 1;
  value = NAN;
  value = std::numeric_limits<float>::infinity();
  rig.run();
  CHECK(rig.take_readings() == Lines{"100000 0 \"value\":1"});
  CHECK(rig.client.counters().not_finite == 2);
}

TEST_CASE("while the network's task is busy, readings wait with their time, and what finds no room is counted") {
  ClientRig rig;
  Telemetry<uint32_t> stream(rig.client, "stream", each_value());
  Telemetry<uint32_t> latest(rig.client, "latest", every_s(1));
  REQUIRE(rig.start() == Status::Ok);
  for (uint32_t at = 0; at < 500; ++at) {
    stream = at;
    latest = at;
    rig.client.turn();
    rig.clock.advance(100);
  }
  const uint32_t lost = rig.client.counters().mailbox_full;
  CHECK(lost > 0);
  rig.run(1000);
  const Lines readings = rig.take_readings();
  CHECK(readings[0].substr(0, 7) == "100000 ");
  CHECK(readings.back().find("\"latest\":499") != std::string::npos);
}

TEST_CASE("signal, heap and the reason of the reset come by themselves") {
  struct BuiltIn : RecordingUplink {
    bool telemetry(RecordClass cls, std::string_view key, std::string_view values, uint64_t) override {
      lines.push_back(std::string(key) + " " + std::to_string(static_cast<int>(cls)) + " " + std::string(values));
      return true;
    }
  } uplink;
  ClientRig rig;
  rig.system.reason = ResetReason::Watchdog;
  uplink.outbox_stats.dropped_stream = 3;
  uplink.outbox_stats.flash_erasures = 7;
  REQUIRE(rig.start() == Status::Ok);
  rig.net.bind(rig.client.link(), uplink, rig.client);
  rig.run(kBuiltInIntervalMs);
  const std::string values = "\"rssi_dbm\":-60,\"heap_free\":150000,\"heap_block\":100000";
  REQUIRE(uplink.lines.size() == 2);
  CHECK(uplink.lines[0] == "device 1 " + values + ",\"dropped\":0,\"flash_erasures\":0,\"reset_reason\":\"watchdog\"");
  CHECK(uplink.lines[1] == "device 0 " + values + ",\"dropped\":3,\"flash_erasures\":7");
}

TEST_CASE("events and log lines go their way; a name that is none does not") {
  ClientRig rig;
  CHECK_FALSE(rig.client.event("early"));
  REQUIRE(rig.start() == Status::Ok);
  CHECK(rig.client.event("door-opened", "{\"by\":3}"));
  CHECK_FALSE(rig.client.event("no name"));
  CHECK(rig.client.log("warn", "pump"));
  rig.run();
  CHECK(rig.take_lines() == Lines{"event door-opened {\"by\":3}", "log warn pump"});
}

TEST_CASE("all_sent() is true only when the mailbox is empty and the bus holds everything") {
  ClientRig rig;
  Telemetry<uint32_t> value(rig.client, "value", each_value());
  REQUIRE(rig.start() == Status::Ok);
  rig.run();
  CHECK(rig.client.all_sent());
  value = 1u;
  CHECK_FALSE(rig.client.all_sent());
  rig.uplink.waiting = 1;
  rig.net.turn();
  CHECK_FALSE(rig.client.all_sent());
  rig.uplink.waiting = 0;
  rig.net.turn();
  CHECK(rig.client.all_sent());
}

TEST_CASE("a text is reported when it changed; one that is too long is cut at a character, and counted") {
  ClientRig rig;
  TextTelemetry<8> mode(rig.client, "mode", on_change().stream());
  REQUIRE(rig.start() == Status::Ok);
  rig.run(1000);
  CHECK(rig.take_readings().empty());
  mode = "auto \"1\"";
  rig.run(100);
  mode = "auto \"1\"";
  rig.run(100);
  CHECK(rig.take_readings() == Lines{"101000 1 \"mode\":\"auto \\\"1\\\"\""});
  mode = "Gewächshaus";
  rig.run(100);
  CHECK(std::string(mode.c_str()) == "Gewächs");
  CHECK(rig.client.counters().texts_cut == 1);
  mode = nullptr;
  rig.run(100);
  const Lines seen = rig.take_readings();
  REQUIRE(seen.size() == 2);
  CHECK(seen[1].find("\"mode\":\"\"") != std::string::npos);
}

TEST_CASE("the longest text fits, whatever has to be escaped") {
  ClientRig rig;
  TextTelemetry<kTextTelemetryMaxBytes> text(rig.client, "a-name-of-sixty-four-bytes-0123456789-0123456789-0123456789-0123", on_change());
  REQUIRE(rig.start() == Status::Ok);
  text = std::string(kTextTelemetryMaxBytes, '\x01').c_str();
  rig.run(100);
  const Lines seen = rig.take_readings();
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].size() > 6 * kTextTelemetryMaxBytes);
}

TEST_CASE("[B-3] a channel hands over its bytes as they are; what no record holds is refused at once") {
  ClientRig rig;
  Channel camera(rig.client, "frames");
  Channel alarm(rig.client, "alarm", RecordClass::Event);
  const uint8_t bytes[] = {'a', 0xff, 'b'};
  CHECK(camera.send(bytes, sizeof bytes) == Status::NotReady);
  REQUIRE(rig.start() == Status::Ok);
  CHECK(camera.send(bytes, sizeof bytes) == Status::Ok);
  CHECK(alarm.send(bytes, 1) == Status::Ok);
  rig.run();
  CHECK(rig.take_lines() == Lines{"channel 1 frames a\xff" "b", "channel 2 alarm a"});
  const std::vector<uint8_t> large(camera.max_bytes() + 1);
  CHECK(camera.max_bytes() == 1018);
  CHECK(camera.send(large.data(), large.size()) == Status::TooLarge);
  CHECK(rig.client.counters().channel_too_large == 1);
  int taken = 0;
  while (camera.send(large.data(), large.size() - 1) == Status::Ok) ++taken;
  CHECK(taken >= 2);  // the mailbox is full then
  CHECK(rig.client.counters().mailbox_full == 1);
}

TEST_CASE("a channel's name is checked at start") {
  ClientRig rig;
  Channel bad(rig.client, "no name");
  CHECK(rig.start() == Status::Invalid);
  CHECK(std::string(rig.client.problem()) == "channel: not a name");
}
