#pragma once
#include <string>
#include <utility>
#include <vector>

#include "fairlead_client/client.hpp"
#include "fairlead_client/net_side.hpp"
#include "fakes/fake_clock.hpp"
#include "fakes/fake_system.hpp"
#include "fakes/memory_store.hpp"

namespace fairlead::test {

/** Keeps what the network's side was told, one line each. */
struct RecordingUplink : Uplink {
  bool telemetry(RecordClass cls, std::string_view key, std::string_view values, uint64_t born) override {
    if (key == "device") return true;  // the built-in ones have a test of their own
    readings.push_back(std::to_string(born) + " " + std::to_string(static_cast<int>(cls)) + " " + std::string(values));
    return takes;
  }
  bool event(std::string_view name, std::string_view data, uint64_t) override {
    lines.push_back("event " + std::string(name) + " " + std::string(data));
    return takes;
  }
  bool channel(RecordClass cls, std::string_view name, std::string_view payload, uint64_t) override {
    lines.push_back("channel " + std::to_string(static_cast<int>(cls)) + " " + std::string(name) + " " + std::string(payload));
    return takes;
  }
  void progress(const char* id, int percent, std::string_view text) override {
    lines.push_back("progress " + std::string(id) + " " + std::to_string(percent) + " " + std::string(text));
  }
  void succeeded(const char* id, std::string_view data) override {
    lines.push_back("ok " + std::string(id) + " " + std::string(data));
  }
  void failed(const char* id, std::string_view code, std::string_view message) override {
    lines.push_back("failed " + std::string(id) + " " + std::string(code) + " " + std::string(message));
  }
  void reported(uint64_t version, std::string_view state) override {
    lines.push_back("reported " + std::to_string(version) + " " + std::string(state));
  }
  void log(std::string_view level, std::string_view text) override {
    lines.push_back("log " + std::string(level) + " " + std::string(text));
  }
  void leave(uint32_t sleep_s) override { lines.push_back("leave " + std::to_string(sleep_s)); }
  bool left() override { return has_left; }
  size_t unacknowledged() override { return waiting; }
  OutboxStats stats() override { return outbox_stats; }
  void flush() override { lines.push_back("flush"); }
  void restart(const char* why) override { lines.push_back("restart " + std::string(why)); }

  std::vector<std::string> readings, lines;
  bool takes = true, has_left = false;
  size_t waiting = 0;
  OutboxStats outbox_stats;
};

/** A sketch's client with the network's side in the same task, on a clock that the test moves. */
struct ClientRig {
  Client client{"rig", "1.0.0"};
  fakes::FakeClock clock{100000};
  fakes::FakeSystem system;
  fakes::MemoryStore store;
  RecordingUplink uplink;
  NetSide net{clock};

  Status start() {
    net.bind(client.link(), uplink, client);
    return client.start(clock, system, store);
  }
  void run(uint64_t ms = 0, uint64_t step_ms = 10) {
    for (const uint64_t end = clock.now_ms + ms;; clock.advance(step_ms)) {
      client.turn();
      net.turn();
      if (clock.now_ms >= end) return;
    }
  }
  void command(const char* id, const char* name, const char* params = "{}", uint64_t expires_in_ms = 60000) {
    net.on_command({id, name, params, expires_in_ms});
  }
  std::vector<std::string> take_lines() { return std::exchange(uplink.lines, {}); }
  std::vector<std::string> take_readings() { return std::exchange(uplink.readings, {}); }
};

}  // namespace fairlead::test
