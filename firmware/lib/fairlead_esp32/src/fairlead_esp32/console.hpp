#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fairlead/credentials.hpp"

/** The serial console without the serial port: bytes in, commands and answers out. The same on the host. */
namespace fairlead {

enum class ConsoleKind : uint8_t { Wifi, Gateway, Ca, Token, Status, Restart, FactoryReset, Help };

/** A command with its arguments; the views live until the console is fed or ticked again. */
struct ConsoleCommand {
  ConsoleKind kind = ConsoleKind::Help;
  std::string_view a;  ///< ssid, host, PEM, token
  std::string_view b;  ///< password
  uint16_t port = 0;
};

struct ConsoleSink {
  virtual ~ConsoleSink() = default;
  virtual void run(const ConsoleCommand& command) = 0;
  /** One line of answer, without its end. Never holds a secret. */
  virtual void say(std::string_view line) = 0;
};

/** After an END CERTIFICATE a second BEGIN must follow within this time, as it does when both are pasted. */
constexpr uint64_t kCaSecondWaitMs = 1000;
/** A PEM that stops in the middle is forgotten after this time. */
constexpr uint64_t kCaIdleMs = 60000;

/**
 * Puts lines together and reads them. Nothing typed is echoed: passwords and tokens would stand on the screen and in
 * its log. A line that is too long is dropped as a whole.
 */
class Console {
 public:
  explicit Console(ConsoleSink& sink) : sink_(sink) {}
  void feed(char byte, uint64_t now_ms);
  /** Before each feed(): runs a line that came right behind a CA, ends a `ca` that waits for a second root or the rest. */
  void tick(uint64_t now_ms);
  /** Whether a `ca` is being read. */
  bool reading_ca() const { return mode_ != Mode::Line; }

 private:
  enum class Mode : uint8_t { Line, Pem, PemMaybeMore, PemTooLong };
  void end_line();
  void end_pem_line();
  void finish_ca();
  void abandon_ca(std::string_view why);
  void read_command(std::string_view line);
  void read_wifi(std::string_view rest);
  void read_gateway(std::string_view rest);

  ConsoleSink& sink_;
  Mode mode_ = Mode::Line;
  bool overlong_ = false;
  bool last_was_cr_ = false;
  size_t held_at_ = 0, held_size_ = 0;  ///< The line behind a CA, in text_; run once the CA was taken.
  size_t pem_size_ = 0;    ///< Whole lines of the PEM at the start of text_.
  size_t size_ = 0;        ///< All bytes in text_, the line being typed included.
  uint8_t roots_ = 0;
  uint64_t last_byte_ms_ = 0;
  char text_[kCaPemMaxBytes];  ///< A PEM, or one line: a token is the longest.
};

}  // namespace fairlead
