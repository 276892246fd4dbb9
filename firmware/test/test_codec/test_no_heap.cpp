#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include "fairlead/device_frames.hpp"
#include "fairlead/gateway_message.hpp"
#include "fairlead/number_text.hpp"
#include "no_heap.hpp"

using namespace fairlead;

TEST_CASE("the hooks see both new and malloc") {
  const unsigned long before = heap_requests();
  int* volatile number = new int(1);  // volatile: the compiler may not take the pair away
  delete number;
  void* volatile memory = std::malloc(1);
  std::free(memory);
  CHECK(heap_requests() >= before + 2);
}

TEST_CASE("heap asked for inside a scope ends the program") {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);  // doctest would report it as its own
    close(STDERR_FILENO);
    const NoHeap no_heap;
    void* volatile memory = std::malloc(1);
    std::_Exit(memory != nullptr ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  // 3: standard error is closed, so the reason could not be written.
  CHECK(((WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) || (WIFEXITED(status) && WEXITSTATUS(status) == 3)));
}

TEST_CASE("reading and writing frames asks for no heap") {
  const std::string frames[] = {
      "{\"type\":\"welcome\",\"session\":42,\"now\":1.7672256e12,\"limits\":{\"frame_bytes\":65536,\"payload_bytes\":14336,\"points\":100,"
      "\"window_messages\":64,\"window_bytes\":32768,\"messages_per_s\":50,\"burst\":200,\"ping_interval_ms\":18000,\"pong_timeout_ms\":8000}}",
      "{\"type\":\"command\",\"id\":\"c1\",\"name\":\"n\",\"params\":{\"a\":[1.7976931348623157e308,\"\\ud83d\\ude00\"]},\"expires_in_ms\":5}",
      "{\"type\":\"command\",\"id\":\"c 1\"}",
      "not JSON",
  };
  static uint8_t buffer[4096];
  const MutableBytes into{buffer, sizeof buffer};
  int parsed = 0;
  int written = 0;
  size_t size = 0;
  {
    const NoHeap no_heap;
    for (const std::string& frame : frames) {
      GatewayMessage message;
      parsed += parse_gateway_message(bytes_of(frame), message).ok() ? 1 : 0;
    }
    const std::string_view capabilities[] = {"commands"};
    written += write_hello({"boot", "1.0", "model", capabilities, 1, 0}, into, size) == Status::Ok;
    TelemetryWriter writer(into);
    writer.begin(1, "");
    char number[kNumberTextBytes];
    format_number(21.4, 6, number);
    for (int i = 0; i < 30; i++) writer.add_point({TimeKind::Age, 1}, "\"a\":1");
    written += writer.finish(size) == Status::Ok;
    written += write_event(2, "boot", "door", {TimeKind::Wall, 1}, "{\"a\":1e300}", into, size) == Status::Ok;
    written += write_result_error("c1", "stuck", "valve did not move", into, size) == Status::Ok;
    written += write_log("info", "\xff\n", into, size) == Status::Ok;
  }
  CHECK(parsed == 2);
  CHECK(written == 5);
}
