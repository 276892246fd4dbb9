#pragma once
#include <atomic>
#include <cstdint>
#include <string_view>

#include "mailbox.hpp"

namespace fairlead {

/** What the sketch's task tells the network's task. In brackets: which fields of the Letter are used. */
enum class UpLetter : uint8_t {
  Telemetry,  ///< small: RecordClass, number: mono ms of the reading, a: key, b: values
  Event,      ///< number: mono ms, a: name, b: data
  Channel,    ///< small: RecordClass, number: mono ms, a: channel, b: payload
  Progress,   ///< small: percent or negative, a: command id, b: text
  Succeeded,  ///< a: command id, b: data
  Failed,     ///< a: command id, b: code, c: message
  Reported,   ///< number: version, a: state
  Log,        ///< a: level, b: text
  Leave,      ///< small: seconds of sleep, 0 = unknown
  Restart,    ///< a: why
};

/** What the network's task tells the sketch's task. */
enum class DownLetter : uint8_t {
  Command,  ///< number: mono ms after which it must not start [C-13], a: id, b: name, c: params
  Cancel,   ///< a: id
  Desired,  ///< number: version, a: state
};

/** The commands that a sketch declared. They stand still once the network's task runs, so both tasks may ask. */
struct CommandNames {
  virtual bool has_command(std::string_view name) const = 0;

 protected:
  ~CommandNames() = default;
};

/** Readings wait here while a connect blocks the network's task: 4 KiB hold about 60 of them. */
constexpr size_t kUpRingBytes = 4096;
/** Two of the largest messages that a gateway sends, or some forty small commands. */
constexpr size_t kDownRingBytes = 8192;

/** The only memory that both tasks touch. Each member says who writes it. */
struct Link {
  alignas(8) uint8_t up_bytes[kUpRingBytes];
  alignas(8) uint8_t down_bytes[kDownRingBytes];
  Mailbox up{{up_bytes, kUpRingBytes}};        ///< sketch -> network
  Mailbox down{{down_bytes, kDownRingBytes}};  ///< network -> sketch
  std::atomic<bool> ready{false};              ///< network: the session is ready [S-3]
  std::atomic<uint32_t> ready_count{0};        ///< network: sessions that became ready since start
  std::atomic<uint32_t> unacknowledged{0};     ///< network: records that the bus does not hold yet
  std::atomic<uint32_t> refused{0};            ///< network: records that the outbox refused
  std::atomic<uint32_t> beat{0};               ///< network: rises while its task is alive
  std::atomic<uint32_t> dropped{0};            ///< network: records that a full outbox dropped
  std::atomic<uint32_t> flash_erasures{0};     ///< network: of the sector of the log that was erased most
  std::atomic<uint32_t> wear_pauses{0};        ///< network: times that the log was as fast as its wear allows
  std::atomic<bool> left{false};               ///< network: Leave is done
};

}  // namespace fairlead
