#pragma once
#include <array>
#include <string>

#include "arguments.hpp"
#include "clock_posix.hpp"
#include "commands.hpp"
#include "entropy_posix.hpp"
#include "fairlead/boot_guard.hpp"
#include "fairlead/command_memory.hpp"
#include "fairlead/outbox.hpp"
#include "fairlead/session.hpp"
#include "fairlead/token_slots.hpp"
#include "flash_file.hpp"
#include "order.hpp"
#include "store_file.hpp"
#include "system_posix.hpp"
#include "tapped_transport.hpp"
#include "waiting_clock.hpp"
#include "ws_beast.hpp"

namespace fairlead::posix {

/** The core with the ports of Linux: what runs on a chip, as a process. */
class Device final : private SessionHandler {
 public:
  /** `ca_pem` outlives it. The state folder exists. */
  Device(const Arguments& arguments, std::string ca_pem);
  /** Loads what the state folder holds. False: it cannot run; why was reported. */
  bool begin();
  void tick();
  /** Carries out a line of stdin; what is not understood is reported. */
  void obey(const std::string& line);

 private:
  bool knows(const char* name) const override { return is_command(name); }
  void on_command(const CommandCall& call) override;
  void on_cancel(const char* id) override;
  void on_desired(uint64_t version, std::string_view state_json) override;
  void on_state(SessionState state) override;
  bool provision();
  void configure();
  bool obey_record(const Order& order, const std::string& what);
  bool obey_session(const Order& order, const std::string& what);
  bool obey_device(const Order& order, const std::string& what);
  void push_telemetry(const Order& order);
  void push_event(const Order& order);
  void push_channel(const Order& order);
  void report_pushed(Status status, uint32_t seq);
  void answer(const Order& order);
  void report_settings(const Order& order);
  void report_stats();
  void restart(const char* why);

  const Arguments arguments_;
  const std::string ca_pem_;
  std::string boot_;
  std::string settings_json_ = "{}";
  ClockPosix real_clock_;
  WaitingClock clock_;
  EntropyPosix entropy_;
  StoreFile store_;
  SystemPosix system_;
  FlashFile flash_;
  WsBeast transport_;
  TappedTransport tap_;
  Ports ports_;
  std::array<uint8_t, limits::kRingBytes> ring_{};
  std::array<uint8_t, kFrameHeadroom + 2 * limits::kRecordMaxBytes> tx_buffer_{};
  std::array<uint8_t, limits::kRecordMaxBytes> rx_scratch_{};
  Outbox outbox_;
  CommandMemory memory_;
  TokenSlots tokens_;
  BootGuard guard_;
  Session session_;
  Commands commands_;
  size_t reported_unacknowledged_ = 0;
  std::string reported_settings_json_ = "{}";
  bool reported_left_ = false;
};

}  // namespace fairlead::posix
