#pragma once
#include <memory>
#include <string>
#include <vector>

#include "fairlead/command_memory.hpp"
#include "fairlead/outbox.hpp"
#include "fairlead/session.hpp"
#include "fairlead/token_slots.hpp"
#include "fakes/fake_clock.hpp"
#include "fakes/fake_entropy.hpp"
#include "fakes/fake_gateway.hpp"
#include "fakes/fake_system.hpp"
#include "fakes/fake_transport.hpp"
#include "fakes/memory_store.hpp"

namespace fairlead::fakes {

/** An application that keeps what it was told, and answers at once when told to. */
struct RecordingHandler : SessionHandler {
  struct Call {
    std::string id, name, params;
    uint64_t expires_in_ms;
  };
  bool knows(const char* name) const override { return name != unknown_command; }
  void on_command(const CommandCall& call) override {
    calls.push_back({call.id, call.name, std::string(call.params_json), call.expires_in_ms});
    if (on_call) on_call(call);
  }
  void on_cancel(const char* id) override { cancels.emplace_back(id); }
  void on_desired(uint64_t version, std::string_view state_json) override {
    desired.emplace_back(version, std::string(state_json));
  }
  void on_state(SessionState state) override { states.push_back(state); }

  std::string unknown_command = "unknown";
  std::function<void(const CommandCall&)> on_call;
  std::vector<Call> calls;
  std::vector<std::string> cancels;
  std::vector<std::pair<uint64_t, std::string>> desired;
  std::vector<SessionState> states;
};

/** One boot of a device: what is in RAM. */
struct Boot {
  Boot(Ports& ports, SessionHandler& handler, const std::string& id, size_t ring_bytes, FlashRegion* flash = nullptr)
      : boot_id(id),
        ring(ring_bytes),
        outbox({ring.data(), ring.size()}, flash, ports.clock, ports.entropy),
        memory(ports.store),
        tokens(ports.store),
        tx(kFrameHeadroom + limits::kUplinkFrameBytes),
        scratch(limits::kRecordMaxBytes),
        session(ports, outbox, memory, tokens, handler, {tx.data(), tx.size()}, {scratch.data(), scratch.size()}) {
    (void)outbox.begin(boot_id, 1);
    (void)memory.begin();
    (void)tokens.begin();
  }
  std::string boot_id;
  std::vector<uint8_t> ring;
  Outbox outbox;
  CommandMemory memory;
  TokenSlots tokens;
  std::vector<uint8_t> tx, scratch;
  Session session;
};

/** A device with its gateway, on a clock that the test moves. What is outside `boot` survives a reboot. */
struct SessionRig {
  explicit SessionRig(uint64_t start_ms = 1000, uint64_t seed = 1, size_t ring_bytes = 16 * 1024)
      : clock(start_ms), entropy(seed), gateway(transport), ring_bytes_(ring_bytes) {
    system.reason = ResetReason::Software;
    reboot();
    (void)boot->tokens.provision("token-a", "a");
    configure();
  }

  /** Power off and on. The gateway sees the connection break. */
  void reboot() {
    boots++;
    if (transport.is_open) transport.drop();
    boot = std::make_unique<Boot>(ports, handler, "boot-" + std::to_string(boots), ring_bytes_, flash);
  }
  void configure() {
    SessionConfig config;
    config.host = "gateway.test";
    config.ca_pem = "CA";
    config.firmware = "1.0.0";
    config.model = "rig";
    config.capabilities = capabilities;
    config.capability_count = 1;
    config.boot = boot->boot_id.c_str();
    boot->session.configure(config);
  }
  Session& session() { return boot->session; }
  Outbox& outbox() { return boot->outbox; }
  uint32_t push(const std::string& values) {
    uint32_t seq = 0;
    (void)outbox().push_telemetry(RecordClass::Stream, "", values, seq);
    return seq;
  }

  void tick() { session().tick(); }
  /** Ticks every `step_ms` for `ms`. */
  void run(uint64_t ms, uint64_t step_ms = 20) {
    for (const uint64_t end_ms = clock.now_ms + ms; clock.now_ms < end_ms;) {
      clock.advance(step_ms);
      gateway.now_ms += step_ms;
      tick();
    }
  }
  /** The same over a network that shows signs of life. */
  void stay(uint64_t ms, uint64_t step_ms = 1000) {
    for (const uint64_t end_ms = clock.now_ms + ms; clock.now_ms < end_ms;) {
      if (transport.is_open) transport.alive();
      run(step_ms, step_ms);
    }
  }
  template <typename Condition>
  bool run_until(Condition condition, uint64_t max_ms, uint64_t step_ms = 20) {
    for (const uint64_t end_ms = clock.now_ms + max_ms; !condition() && clock.now_ms < end_ms;) run(step_ms, step_ms);
    return condition();
  }
  bool is_ready() { return session().state() == SessionState::Ready; }
  bool make_ready() {
    return run_until([this] { return is_ready(); }, 40000);
  }
  /** The last frame of a type that was sent, or "". */
  std::string last_sent(const std::string& type) const {
    for (size_t i = transport.sent.size(); i > 0; i--) {
      if (type_of(transport.sent[i - 1]) == type) return transport.sent[i - 1];
    }
    return "";
  }
  size_t count_sent(const std::string& type) const {
    size_t count = 0;
    for (const std::string& frame : transport.sent) count += type_of(frame) == type ? 1 : 0;
    return count;
  }

  FakeClock clock;
  FakeEntropy entropy;
  MemoryStore store;
  FakeSystem system;
  FakeTransport transport;
  FakeGateway gateway;
  RecordingHandler handler;
  FlashRegion* flash = nullptr;  ///< For the next reboot().
  Ports ports{clock, entropy, store, system, transport};
  std::string_view capabilities[1] = {"commands"};
  std::unique_ptr<Boot> boot;
  int boots = 0;

 private:
  size_t ring_bytes_;
};

}  // namespace fairlead::fakes
