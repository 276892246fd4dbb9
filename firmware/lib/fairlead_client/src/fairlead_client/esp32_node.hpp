#pragma once
#if defined(ARDUINO_ARCH_ESP32)
#include <atomic>

#include "client.hpp"
#include "core_uplink.hpp"
#include "fairlead/boot_guard.hpp"
#include "fairlead/command_memory.hpp"
#include "fairlead/credentials.hpp"
#include "fairlead/session.hpp"
#include "fairlead/token_slots.hpp"
#include "fairlead_esp32/clock_esp.hpp"
#include "fairlead_esp32/entropy_esp.hpp"
#include "fairlead_esp32/flash_partition.hpp"
#include "fairlead_esp32/kv_nvs.hpp"
#include "fairlead_esp32/net_task.hpp"
#include "fairlead_esp32/ota_trial.hpp"
#include "fairlead_esp32/serial_console.hpp"
#include "fairlead_esp32/system_esp.hpp"
#include "fairlead_esp32/wifi_link.hpp"
#include "fairlead_esp32/ws_links2004.hpp"

namespace fairlead {

/** About 150 small records; behind it is the log in flash. The whole device keeps to 64 KB of static memory. */
constexpr size_t kNodeRingBytes = 10 * 1024;

/** Every part of the device, wired. One object in static storage; all memory of ours is inside it and inside Client. */
class Esp32Node final : private ConsoleActions {
 public:
  /** Loads, starts WiFi and the network's task. False: safe mode, the sketch must not run. */
  bool begin(Client& client, Stream& console);
  /** Task of loop(): console, supervision of the network's task. */
  void turn();
  bool safe_mode() const { return guard_.safe_mode(); }
  /** Leaves, puts everything into flash, sleeps. Returns only on a failure. */
  void deep_sleep(uint32_t seconds);

 private:
  Status apply(const ConsoleCommand& command) override;
  Status then_configure(Status status);
  void load();
  void apply_build_flags();
  void start_outbox();
  void configure();
  void make_boot_id();
  static void net_step(void* self);
  void net_turn();
  static void print_status(Print& out, void* self);
  void write_status(Print& out) const;
  void supervise(uint64_t now_ms);

  ClockEsp clock_;
  EntropyEsp entropy_;
  WifiLink wifi_;
  OtaTrial trial_;
  SystemEsp system_{wifi_, trial_};
  KvNvs ident_{"ident", "fairlead"};  ///< Who the device is: network, gateway, CA, tokens.
  KvNvs state_{"state", "fairlead"};  ///< What it remembers: command ids, settings, crashes.
  FlashPartition log_{"telq"};
  WsLinks2004 transport_;
  Ports ports_{clock_, entropy_, state_, system_, transport_};
  alignas(8) uint8_t ring_bytes_[kNodeRingBytes];
  uint8_t tx_bytes_[kFrameHeadroom + limits::kUplinkFrameBytes];
  uint8_t rx_bytes_[limits::kRecordMaxBytes];
  Outbox outbox_{{ring_bytes_, sizeof ring_bytes_}, &log_, clock_, entropy_};
  CommandMemory memory_{state_};
  TokenSlots tokens_{ident_};
  Credentials credentials_{ident_, tokens_};
  BootGuard guard_{state_, system_};
  NetSide net_side_{clock_};
  Session session_{ports_, outbox_, memory_, tokens_, net_side_, {tx_bytes_, sizeof tx_bytes_}, {rx_bytes_, sizeof rx_bytes_}};
  CoreUplink uplink_{outbox_, session_, system_};
  SerialConsole console_;
  NetTask task_;
  Client* client_ = nullptr;
  char boot_[limits::kBootIdMaxBytes + 1] = {};
  std::atomic<SessionState> shown_state_{SessionState::Unprovisioned};
  std::atomic<bool> shown_has_token_{false};
  std::atomic<uint32_t> shown_close_{0};   ///< OpenFail << 16 | HTTP status
  std::atomic<int32_t> shown_native_{0};
  uint32_t last_beat_ = 0;
  uint64_t last_beat_ms_ = 0, started_ms_ = 0;
};

}  // namespace fairlead
#endif
