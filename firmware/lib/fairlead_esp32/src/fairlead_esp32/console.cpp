#include "console.hpp"

namespace fairlead {
namespace {

constexpr char kCancelByte = 0x03;  // Ctrl-C
constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";

bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/** The next word; in double quotes it may hold spaces, and \" or \\ there. Takes quotes and backslashes out in place. */
bool take_word(std::string_view& rest, std::string_view& word) {
  rest = trimmed(rest);
  if (rest.empty()) return false;
  if (rest.front() != '"') {
    size_t end = 0;
    while (end < rest.size() && !is_space(rest[end])) ++end;
    word = rest.substr(0, end);
    rest.remove_prefix(end);
    return true;
  }
  char* to = const_cast<char*>(rest.data());  // text_ of the console, which is not const
  size_t size = 0, at = 1;
  for (; at < rest.size() && rest[at] != '"'; ++at) {
    if (rest[at] == '\\' && at + 1 < rest.size()) ++at;
    to[size++] = rest[at];
  }
  if (at >= rest.size()) return false;
  word = {rest.data(), size};
  rest.remove_prefix(at + 1);
  return rest.empty() || is_space(rest.front());
}

bool read_port(std::string_view text, uint16_t& port) {
  uint32_t value = 0;
  if (text.empty() || text.size() > 5) return false;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<uint32_t>(c - '0');
  }
  if (value == 0 || value > 65535) return false;
  port = static_cast<uint16_t>(value);
  return true;
}

}  // namespace

void Console::feed(char byte, uint64_t now_ms) {
  last_byte_ms_ = now_ms;
  const bool half_of_crlf = byte == '\n' && last_was_cr_;
  last_was_cr_ = byte == '\r';
  if (half_of_crlf) return;
  if (byte == '\r' || byte == '\n') {
    end_line();
  } else if (byte == kCancelByte) {
    if (reading_ca()) abandon_ca("cancelled");
    size_ = 0;
    overlong_ = false;
  } else if (byte == '\b' || byte == 0x7F) {
    if (size_ > pem_size_) --size_;
  } else if (size_ < sizeof text_) {
    text_[size_++] = byte;
  } else {
    overlong_ = true;
  }
}

void Console::end_line() {
  if (reading_ca()) {
    end_pem_line();
    return;
  }
  const std::string_view line = trimmed({text_, size_});
  const bool overlong = overlong_;
  size_ = 0;
  overlong_ = false;
  if (overlong) sink_.say("error: the line is too long");
  else if (!line.empty()) read_command(line);
}

void Console::end_pem_line() {
  const std::string_view line = trimmed({text_ + pem_size_, size_ - pem_size_});
  if (mode_ == Mode::PemMaybeMore && line.empty() && !overlong_) {
    size_ = pem_size_;  // some tools put a blank line between two certificates
    return;
  }
  if (mode_ == Mode::PemMaybeMore && line != kBegin) {
    // Something else follows: the CA is complete, and this line is the next command.
    held_at_ = static_cast<size_t>(line.data() - text_);
    held_size_ = overlong_ ? 0 : line.size();
    if (overlong_) sink_.say("error: the line is too long");
    overlong_ = false;
    finish_ca();
    return;
  }
  const bool ends = line == kEnd;
  if (overlong_ || size_ >= sizeof text_) mode_ = Mode::PemTooLong;
  if (mode_ == Mode::PemTooLong) {
    size_ = pem_size_;
    overlong_ = false;
    if (ends || line.empty()) abandon_ca("too long");
    return;
  }
  if (mode_ == Mode::PemMaybeMore) mode_ = Mode::Pem;
  if (line.empty()) {
    size_ = pem_size_;
    return;
  }
  text_[size_++] = '\n';
  pem_size_ = size_;
  if (!ends) return;
  if (++roots_ == kCaRootsMax) finish_ca();
  else mode_ = Mode::PemMaybeMore;
}

void Console::finish_ca() {
  ConsoleCommand command;
  command.kind = ConsoleKind::Ca;
  command.a = {text_, pem_size_};
  mode_ = Mode::Line;
  size_ = pem_size_ = 0;
  sink_.run(command);
}

void Console::abandon_ca(std::string_view why) {
  mode_ = Mode::Line;
  size_ = pem_size_ = 0;
  overlong_ = false;
  sink_.say("error: no CA was stored:");
  sink_.say(why);
}

void Console::tick(uint64_t now_ms) {
  if (held_size_ != 0) {
    const std::string_view line(text_ + held_at_, held_size_);
    held_size_ = 0;
    read_command(line);
    return;
  }
  if (mode_ == Mode::PemMaybeMore && size_ == pem_size_ && now_ms - last_byte_ms_ >= kCaSecondWaitMs) finish_ca();
  else if (reading_ca() && now_ms - last_byte_ms_ >= kCaIdleMs) abandon_ca("the certificate stopped in the middle");
}

void Console::read_command(std::string_view line) {
  std::string_view rest = line, word;
  if (!take_word(rest, word)) {
    sink_.say("error: a quote is open");
    return;
  }
  rest = trimmed(rest);
  ConsoleCommand command;
  if (word == "wifi") return read_wifi(rest);
  if (word == "gateway") return read_gateway(rest);
  if (word == "ca" && rest.empty()) {
    mode_ = Mode::Pem;
    roots_ = 0;
    size_ = pem_size_ = 0;
    sink_.say("paste one or two certificates in PEM; Ctrl-C ends it");
    return;
  }
  if (word == "token" && !rest.empty()) {
    command.kind = ConsoleKind::Token;
    command.a = rest;
  } else if (word == "status" && rest.empty()) {
    command.kind = ConsoleKind::Status;
  } else if (word == "restart" && rest.empty()) {
    command.kind = ConsoleKind::Restart;
  } else if (word == "factory-reset") {
    if (rest != "yes") return sink_.say("this forgets network, gateway, CA and token: factory-reset yes");
    command.kind = ConsoleKind::FactoryReset;
  } else if (word == "help" && rest.empty()) {
    command.kind = ConsoleKind::Help;
  } else {
    return sink_.say("error: unknown command or wrong arguments; help lists them");  // the line may hold a secret
  }
  sink_.run(command);
}

void Console::read_wifi(std::string_view rest) {
  ConsoleCommand command;
  command.kind = ConsoleKind::Wifi;
  if (!take_word(rest, command.a) || (!trimmed(rest).empty() && !take_word(rest, command.b)) || !trimmed(rest).empty()) {
    return sink_.say("error: wifi <ssid> [password]; quote what has spaces: wifi \"my net\" \"my word\"");
  }
  sink_.run(command);
}

void Console::read_gateway(std::string_view rest) {
  ConsoleCommand command;
  command.kind = ConsoleKind::Gateway;
  command.port = kDefaultPort;
  std::string_view port;
  if (!take_word(rest, command.a) || (!trimmed(rest).empty() && (!take_word(rest, port) || !read_port(port, command.port))) ||
      !trimmed(rest).empty()) {
    return sink_.say("error: gateway <host> [port]");
  }
  sink_.run(command);
}

}  // namespace fairlead
