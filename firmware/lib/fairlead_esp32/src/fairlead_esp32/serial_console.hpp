#pragma once
#include <Arduino.h>

#include <atomic>

#include "console.hpp"

namespace fairlead {

/** What a console command does; carried out by the network's task, which owns credentials and session. */
struct ConsoleActions {
  virtual ~ConsoleActions() = default;
  virtual Status apply(const ConsoleCommand& command) = 0;
};

/**
 * The console on a serial port, polled in loop(). A command is handed to the network's task; until that has taken it
 * nothing more is read, so order holds and nothing is copied. During a connect this takes seconds, never the sketch's.
 */
class SerialConsole final : private ConsoleSink {
 public:
  using StatusPrinter = void (*)(Print& out, void* context);
  /** `print_status` runs in loop(): it may read atomics and what never changes. */
  void begin(Stream& port, StatusPrinter print_status, void* context);
  /** Task of loop(). */
  void turn(uint64_t now_ms);
  /** Task of the network. */
  void serve(ConsoleActions& actions);

 private:
  enum class Job : uint8_t { None, Waiting, Done };
  void run(const ConsoleCommand& command) override;
  void say(std::string_view line) override;
  void answer();

  Stream* port_ = nullptr;
  StatusPrinter print_status_ = nullptr;
  void* context_ = nullptr;
  Console console_{*this};
  ConsoleCommand command_;
  std::atomic<Job> job_{Job::None};
  Status result_ = Status::Ok;
};

}  // namespace fairlead
