// The table of static memory in firmware/README.md, held against the sizes of the objects. Pointers have 8 bytes here
// unless the suite is built with -m32: figures that hold for these hold for the ESP32 all the more.
// What the adapters are built for; for this file alone, so that PlatformIO can build it with the others.
#define ESP32
#define ARDUINO 10812
#define ARDUINO_ARCH_ESP32
#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <string>

#include "fairlead_client/esp32_node.hpp"

using namespace fairlead;

namespace {

/** What the device may have by design, the sketch's own declarations not counted. */
constexpr size_t kBudgetBytes = 64 * 1024;
/** The library's object is a stand-in here; the real one has a dozen texts of 16 bytes more. */
constexpr size_t kRealWebSocketExtraBytes = 400;

/** Rows `| name | 1,234 | …` of the table. */
std::map<std::string, size_t> read_table() {
  std::ifstream file(std::string(FAIRLEAD_VECTORS_DIR) + "/../../firmware/README.md");
  REQUIRE(file.good());
  std::map<std::string, size_t> table;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("| `", 0) != 0) continue;
    const size_t name_end = line.find('`', 3), bytes_at = line.find('|', name_end);
    std::string digits;
    for (size_t at = bytes_at + 1; at < line.size() && line[at] != '|'; ++at) {
      if (line[at] >= '0' && line[at] <= '9') digits += line[at];
    }
    if (!digits.empty() && digits.size() < 7) table[line.substr(3, name_end - 3)] = std::stoul(digits);
  }
  return table;
}

}  // namespace

TEST_CASE("each part keeps to the size that the table gives it, and the table to the budget") {
  const std::map<std::string, size_t> sizes = {
      {"Link", sizeof(Link)},
      {"Client", sizeof(Client) - sizeof(Link)},
      {"ring", kNodeRingBytes},
      {"Outbox", sizeof(Outbox)},
      {"Session", sizeof(Session)},
      {"CommandMemory", sizeof(CommandMemory)},
      {"TokenSlots", sizeof(TokenSlots)},
      {"Credentials", sizeof(Credentials)},
      {"NetSide", sizeof(NetSide)},
      {"SerialConsole", sizeof(SerialConsole)},
      {"NetTask", sizeof(NetTask)},
      {"frames", kFrameHeadroom + limits::kUplinkFrameBytes + limits::kRecordMaxBytes},
  };
  const std::map<std::string, size_t> table = read_table();
  size_t in_table = 0;
  for (const auto& [name, bytes] : sizes) {
    CAPTURE(name);
    REQUIRE(table.count(name) == 1);
    CHECK(bytes <= table.at(name));
    // Nor may the table promise much more than there is: a row that shrank has to be written down.
    CHECK(table.at(name) <= bytes + bytes / 8 + 128);
    in_table += table.at(name);
  }
  REQUIRE(table.count("the rest") == 1);
  const size_t whole = sizeof(Esp32Node) + sizeof(Client) + kRealWebSocketExtraBytes;
  MESSAGE("static memory of the device: " << whole << " bytes");
  CHECK(whole <= in_table + table.at("the rest"));
  CHECK(in_table + table.at("the rest") <= kBudgetBytes);
}
