#if defined(ARDUINO_ARCH_ESP32)
#include "esp32_node.hpp"

#include <esp_sleep.h>

#include <cstring>

#include "fairlead_esp32/watchdog.hpp"

namespace fairlead {
namespace {

constexpr std::string_view kCapabilities[] = {"commands", "settings", "binary"};
/** In safe mode the device can be reached and mended; then the firmware gets another chance. */
constexpr uint64_t kSafeModeMs = 15 * 60 * 1000;

}  // namespace

bool Esp32Node::begin(Client& client, Stream& console) {
  client_ = &client;
  started_ms_ = clock_.mono_ms();
  load();
  wifi_.begin(credentials_.ssid(), credentials_.wifi_password());
  make_boot_id();  // after the radio: only then the generator is truly random
  start_outbox();
  trial_.begin();
  net_side_.bind(client.link(), uplink_, client);
  console_.begin(console, &Esp32Node::print_status, this);
  configure();
  const bool declared = client.start(clock_, system_, state_) == Status::Ok;
  if (!declared) {
    console.print("fairlead: ");
    console.print(client.problem());
    console.print(": ");
    console.println(client.problem_name());
  }
  client.take_commands(declared && !guard_.safe_mode());
  last_beat_ms_ = clock_.mono_ms();
  watch_this_task();
  if (!task_.start(&Esp32Node::net_step, this)) system_.restart("no task");
  return declared && !guard_.safe_mode();
}

void Esp32Node::load() {
  (void)ident_.begin();  // what cannot be read counts as absent, and `status` shows it; it is never erased by itself
  if (state_.begin() == Status::IoError) {  // nothing here that a person has put in
    (void)state_.erase_all();
    (void)state_.begin();
  }
  (void)guard_.begin(clock_.mono_ms());
  (void)credentials_.begin();
  (void)memory_.begin();
  apply_build_flags();
}

void Esp32Node::apply_build_flags() {
#if defined(FAIRLEAD_WIFI_SSID)
#if !defined(FAIRLEAD_WIFI_PASSWORD)
#define FAIRLEAD_WIFI_PASSWORD ""
#endif
  if (std::strcmp(credentials_.ssid(), FAIRLEAD_WIFI_SSID) != 0 ||
      std::strcmp(credentials_.wifi_password(), FAIRLEAD_WIFI_PASSWORD) != 0) {
    (void)credentials_.set_wifi(FAIRLEAD_WIFI_SSID, FAIRLEAD_WIFI_PASSWORD);
  }
#endif
#if defined(FAIRLEAD_GATEWAY_HOST)
#if !defined(FAIRLEAD_GATEWAY_PORT)
#define FAIRLEAD_GATEWAY_PORT 8443
#endif
  if (std::strcmp(credentials_.host(), FAIRLEAD_GATEWAY_HOST) != 0 || credentials_.port() != FAIRLEAD_GATEWAY_PORT) {
    (void)credentials_.set_gateway(FAIRLEAD_GATEWAY_HOST, FAIRLEAD_GATEWAY_PORT);
  }
#endif
#if defined(FAIRLEAD_CA_PEM)
  if (std::strcmp(credentials_.ca_pem(), FAIRLEAD_CA_PEM) != 0) (void)credentials_.set_ca_pem(FAIRLEAD_CA_PEM);
#endif
#if defined(FAIRLEAD_TOKEN)
  // Only into an empty device: a rotated token must not fall back to the one it was built with.
  if (!tokens_.has_token()) (void)credentials_.set_token(FAIRLEAD_TOKEN);
#endif
}

void Esp32Node::make_boot_id() {
  static constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-";
  for (int at = 0; at < 16; at += 4) {  // 96 random bits [N-2]
    uint32_t random = entropy_.u32();
    for (int digit = 0; digit < 4; ++digit, random >>= 6) boot_[at + digit] = kDigits[random & 63];
  }
}

void Esp32Node::start_outbox() {
  (void)log_.begin();                  // without the partition the outbox lives in RAM alone
  (void)outbox_.begin(boot_, 1);
}

void Esp32Node::configure() {
  SessionConfig config;
  config.host = credentials_.host();
  config.port = credentials_.port();
  config.ca_pem = credentials_.ca_pem();
  config.firmware = client_->firmware();
  config.model = client_->model();
  config.capabilities = kCapabilities;
  config.capability_count = sizeof kCapabilities / sizeof kCapabilities[0];
  config.boot = boot_;
  session_.configure(config);
}

void Esp32Node::net_step(void* self) { static_cast<Esp32Node*>(self)->net_turn(); }

void Esp32Node::net_turn() {
  const uint64_t now = clock_.mono_ms();
  console_.serve(*this);
  wifi_.tick(now);
  session_.tick();
  net_side_.turn();
  outbox_.tick();
  const bool ready = session_.state() == SessionState::Ready;
  guard_.tick(now, ready);
  trial_.tick(wifi_.up(), ready, now);
  const Closed& closed = session_.last_closed();
  shown_state_.store(session_.state(), std::memory_order_relaxed);
  shown_close_.store(static_cast<uint32_t>(closed.fail) << 16 | closed.http_status, std::memory_order_relaxed);
  shown_has_token_.store(tokens_.has_token(), std::memory_order_relaxed);
  shown_native_.store(closed.native, std::memory_order_relaxed);
}

/** An open connection ends and comes back with the new values. */
Status Esp32Node::then_configure(Status status) {
  if (status == Status::Ok) configure();
  return status;
}

Status Esp32Node::apply(const ConsoleCommand& command) {
  switch (command.kind) {
    case ConsoleKind::Wifi: {
      const Status status = credentials_.set_wifi(command.a, command.b);
      if (status == Status::Ok) wifi_.begin(credentials_.ssid(), credentials_.wifi_password());
      return status;
    }
    case ConsoleKind::Gateway: return then_configure(credentials_.set_gateway(command.a, command.port));
    case ConsoleKind::Ca: return then_configure(credentials_.set_ca_pem(command.a));
    case ConsoleKind::Token: return then_configure(credentials_.set_token(command.a));
    case ConsoleKind::Restart:
      (void)outbox_.flush();
      system_.restart("console");
      return Status::Ok;
    case ConsoleKind::FactoryReset:
      // The tokens first: a reset that is cut short must not leave a device that still speaks for its old owner.
      if (const Status status = credentials_.factory_reset(); status != Status::Ok) return status;
      (void)outbox_.erase_all();
      (void)state_.erase_all();  // and closes it: the sketch's task must not store its settings once more
      system_.restart("factory reset");
      return Status::Ok;
    case ConsoleKind::Status:
    case ConsoleKind::Help: break;
  }
  return Status::Invalid;
}

void Esp32Node::turn() {
  feed_watchdog();
  const uint64_t now = clock_.mono_ms();
  console_.turn(now);
  supervise(now);
}

void Esp32Node::supervise(uint64_t now_ms) {
  const uint32_t beat = client_->link().beat.load(std::memory_order_relaxed);
  if (beat != last_beat_) {
    last_beat_ = beat;
    last_beat_ms_ = now_ms;
  }
  if (now_ms - last_beat_ms_ > kNetworkSilenceMs) system_.restart("the network's task is stuck");
  if (guard_.safe_mode() && now_ms - started_ms_ > kSafeModeMs) system_.restart("end of safe mode");
}

void Esp32Node::deep_sleep(uint32_t seconds) {
  (void)client_->leave(seconds);
  const uint64_t until = clock_.mono_ms() + kLastWordsMs + 2 * kLeaveMaxMs;
  while (!client_->link().left.load(std::memory_order_acquire) && clock_.mono_ms() < until) {
    feed_watchdog();
    delay(10);
  }
  trial_.before_restart();  // waking is a restart to the bootloader
  esp_deep_sleep(static_cast<uint64_t>(seconds) * 1000000);
}

void Esp32Node::print_status(Print& out, void* self) { static_cast<const Esp32Node*>(self)->write_status(out); }

void Esp32Node::write_status(Print& out) const {
  static constexpr const char* kFails[] = {"none", "name not found", "no connection", "TLS failed", "certificate refused",
                                           "no memory", "HTTP", "timeout", "protocol"};
  const uint32_t closed = shown_close_.load(std::memory_order_relaxed);
  const auto line = [&out](const char* what, const char* value) {
    out.print(what);
    out.println(value);
  };
  line("session     ", session_state_text(shown_state_.load(std::memory_order_relaxed)));
  out.print("last end    ");
  out.print(kFails[closed >> 16]);
  out.print(", HTTP ");
  out.print(static_cast<int>(closed & 0xFFFF));
  out.print(", code ");
  out.println(static_cast<int>(shown_native_.load(std::memory_order_relaxed)));
  line("wifi        ", credentials_.has_wifi() ? credentials_.ssid() : "not set");
  line("link        ", wifi_.up() ? "up" : "down");
  out.print("gateway     ");
  out.print(credentials_.host());
  out.print(":");
  out.println(static_cast<int>(credentials_.port()));
  line("ca          ", credentials_.ca_pem()[0] != 0 ? "set" : "not set");
  line("token       ", shown_has_token_.load(std::memory_order_relaxed) ? "set" : "not set");
  line("safe mode   ", guard_.safe_mode() ? "yes" : "no");
  out.print("waiting     ");
  out.println(static_cast<unsigned>(client_->unacknowledged()));
  const Link& link = client_->link();
  out.print("dropped     ");
  out.println(static_cast<unsigned>(link.dropped.load(std::memory_order_relaxed)));
  out.print("flash       ");
  out.print(static_cast<unsigned>(link.flash_erasures.load(std::memory_order_relaxed)));
  out.print(" erasures, wear pauses ");
  out.println(static_cast<unsigned>(link.wear_pauses.load(std::memory_order_relaxed)));
  out.print("stack spare ");
  out.println(static_cast<unsigned>(task_.stack_spare_bytes()));
}

}  // namespace fairlead
#endif
