// The serial console's line reader: any bytes, at any pace. It may not read or write outside its buffer.
#include "../../lib/fairlead_esp32/src/fairlead_esp32/console.cpp"

namespace {

struct NoSink : fairlead::ConsoleSink {
  void run(const fairlead::ConsoleCommand& command) override {
    for (const char byte : command.a) sum = static_cast<char>(sum ^ byte);
    for (const char byte : command.b) sum = static_cast<char>(sum ^ byte);
  }
  void say(std::string_view line) override {
    for (const char byte : line) sum = static_cast<char>(sum ^ byte);
  }
  volatile char sum = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  NoSink sink;
  fairlead::Console console(sink);
  uint64_t now_ms = 0;
  for (size_t at = 0; at < size; ++at) {
    if (data[at] == 0xFF) now_ms += 500;  // a pause
    else console.feed(static_cast<char>(data[at]), now_ms);
    console.tick(now_ms);
  }
  return 0;
}
