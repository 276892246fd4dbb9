#include "serial_console.hpp"

namespace fairlead {
namespace {

constexpr const char* kHelp[] = {
    "wifi <ssid> [password]   the network; no password: an open one",
    "gateway <host> [port]    where the gateway is; port 8443 by default",
    "ca                       then paste one or two certificates in PEM",
    "token <token>            the device token that the gateway showed",
    "status                   what is set and how it goes",
    "restart                  with the new values",
    "factory-reset yes        forget all of it",
};
/** A pasted CA does not starve the sketch: this many bytes per loop() are 20 ms at 115200 baud. */
constexpr int kBytesPerTurn = 256;

const char* name_of(ConsoleKind kind) {
  switch (kind) {
    case ConsoleKind::Wifi: return "wifi";
    case ConsoleKind::Gateway: return "gateway";
    case ConsoleKind::Ca: return "ca";
    case ConsoleKind::Token: return "token";
    case ConsoleKind::FactoryReset: return "factory-reset";
    case ConsoleKind::Restart: return "restart";
    case ConsoleKind::Status:
    case ConsoleKind::Help: break;
  }
  return "";
}

}  // namespace

void SerialConsole::begin(Stream& port, StatusPrinter print_status, void* context) {
  print_status_ = print_status;
  context_ = context;
  port_ = &port;
}

void SerialConsole::turn(uint64_t now_ms) {
  if (port_ == nullptr) return;
  const Job job = job_.load(std::memory_order_acquire);
  if (job == Job::Waiting) return;
  if (job == Job::Done) answer();
  console_.tick(now_ms);
  for (int count = 0; count < kBytesPerTurn && port_->available() > 0; ++count) {
    if (job_.load(std::memory_order_relaxed) != Job::None) return;
    console_.feed(static_cast<char>(port_->read()), now_ms);
  }
}

void SerialConsole::serve(ConsoleActions& actions) {
  if (job_.load(std::memory_order_acquire) != Job::Waiting) return;
  result_ = actions.apply(command_);
  job_.store(Job::Done, std::memory_order_release);
}

void SerialConsole::answer() {
  port_->print(name_of(command_.kind));
  if (result_ == Status::Ok) {
    port_->println(": stored");
  } else {
    port_->print(": error: ");
    port_->println(status_text(result_));
  }
  command_ = ConsoleCommand();
  job_.store(Job::None, std::memory_order_release);
}

void SerialConsole::run(const ConsoleCommand& command) {
  if (command.kind == ConsoleKind::Help) {
    for (const char* line : kHelp) port_->println(line);
  } else if (command.kind == ConsoleKind::Status) {
    print_status_(*port_, context_);
  } else {
    command_ = command;
    job_.store(Job::Waiting, std::memory_order_release);
  }
}

void SerialConsole::say(std::string_view line) {
  port_->write(reinterpret_cast<const uint8_t*>(line.data()), line.size());
  port_->println();
}

}  // namespace fairlead
