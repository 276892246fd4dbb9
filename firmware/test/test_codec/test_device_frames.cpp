#include <doctest/doctest.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "fairlead/device_frames.hpp"
#include "fairlead/limits.hpp"

using namespace fairlead;

namespace {

using Writer = std::function<Status(MutableBytes, size_t&)>;

/** What the writer makes in a large buffer; "" when it refuses. */
std::string written(const Writer& write) {
  std::vector<uint8_t> bytes(16 * 1024);
  size_t size = 99;
  const Status status = write({bytes.data(), bytes.size()}, size);
  CHECK((status == Status::Ok) == (size > 0));
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

/** In every buffer that is too small: TooLarge, size 0, and not a byte beyond the buffer. */
void check_all_small_buffers(const Writer& write) {
  const size_t whole = written(write).size();
  REQUIRE(whole > 0);
  for (size_t room = 0; room <= whole; room++) {
    std::vector<uint8_t> bytes(whole + 8, 0xaa);
    size_t size = 99;
    const Status status = write({bytes.data(), room}, size);
    CHECK(status == (room == whole ? Status::Ok : Status::TooLarge));
    CHECK(size == (room == whole ? whole : 0));
    for (size_t i = room; i < bytes.size(); i++) CHECK(bytes[i] == 0xaa);
  }
}

const std::string kDigest(64, 'a');
const std::string_view kCapabilities[] = {"commands", "binary"};

Status one_telemetry(MutableBytes into, size_t& size) {
  TelemetryWriter writer(into);
  writer.begin(18, "b");
  writer.add_point({TimeKind::Wall, 5}, "\"a\":1");
  return writer.finish(size);
}

}  // namespace

TEST_CASE("frames are written as the protocol shows them") {
  CHECK(written([](MutableBytes b, size_t& n) { return write_hello({"k3", "1.4", "green", kCapabilities, 2, 60}, b, n); }) ==
        "{\"type\":\"hello\",\"boot\":\"k3\",\"firmware\":\"1.4\",\"model\":\"green\",\"capabilities\":[\"commands\",\"binary\"],\"next_wake_s\":60}");
  CHECK(written(one_telemetry) == "{\"type\":\"telemetry\",\"seq\":18,\"boot\":\"b\",\"points\":[{\"ts\":5,\"values\":{\"a\":1}}]}");
  CHECK(written([](MutableBytes b, size_t& n) { return write_event(19, "", "door", {TimeKind::Age, 8}, "{\"by\":3}", b, n); }) ==
        "{\"type\":\"event\",\"seq\":19,\"name\":\"door\",\"age_ms\":8,\"data\":{\"by\":3}}");
  CHECK(written([](MutableBytes b, size_t& n) { return write_progress("c1", 40, "opening", b, n); }) ==
        "{\"type\":\"progress\",\"id\":\"c1\",\"percent\":40,\"text\":\"opening\"}");
  CHECK(written([](MutableBytes b, size_t& n) { return write_result_error("c2", "unsupported", "no \"x\"", b, n); }) ==
        "{\"type\":\"result\",\"id\":\"c2\",\"ok\":false,\"error\":{\"code\":\"unsupported\",\"message\":\"no \\\"x\\\"\"}}");
  CHECK(written([](MutableBytes b, size_t& n) { return write_channel(20, "cam", bytes_of("\xff\xd8"), b, n); }) ==
        std::string("\x01\0\0\0\x14\x03" "cam\xff\xd8", 11));
}

TEST_CASE("a frame that does not fit is refused at every size") {
  check_all_small_buffers([](MutableBytes b, size_t& n) { return write_hello({"k3", "1", "g", kCapabilities, 2, 60}, b, n); });
  check_all_small_buffers(one_telemetry);
  check_all_small_buffers([](MutableBytes b, size_t& n) { return write_event(19, "b", "door", {TimeKind::Age, 8}, "[1]", b, n); });
  check_all_small_buffers([](MutableBytes b, size_t& n) { return write_channel(20, "cam", bytes_of("xyz"), b, n); });
  check_all_small_buffers([](MutableBytes b, size_t& n) { return write_accepted("c", b, n); });
  check_all_small_buffers([](MutableBytes b, size_t& n) { return write_progress("c", 1, "\n\xc3\xbc", b, n); });
  check_all_small_buffers([](MutableBytes b, size_t& n) { return write_result_ok("c", "{\"a\":1}", b, n); });
  check_all_small_buffers([](MutableBytes b, size_t& n) { return write_result_error("c", "e", "m", b, n); });
  check_all_small_buffers([](MutableBytes b, size_t& n) { return write_reported(7, "{}", b, n); });
  check_all_small_buffers([](MutableBytes b, size_t& n) { return write_token_stored("t", kDigest, b, n); });
  check_all_small_buffers([](MutableBytes b, size_t& n) { return write_log("warn", "text", b, n); });
  check_all_small_buffers([](MutableBytes b, size_t& n) { return write_bye(600, b, n); });
}

TEST_CASE("what the gateway would refuse is not written") {
  const auto refused = [](const Writer& write) { return written(write).empty(); };
  const std::string_view bad_names[] = {"a b"};
  const std::vector<std::string_view> many(33, "c");
  CHECK(refused([&](MutableBytes b, size_t& n) { return write_hello({"b", "", "", bad_names, 1, 0}, b, n); }));
  CHECK(refused([&](MutableBytes b, size_t& n) { return write_hello({"b", "", "", many.data(), many.size(), 0}, b, n); }));
  CHECK(refused([](MutableBytes b, size_t& n) { return write_event(0, "", "e", {}, "", b, n); }));
  CHECK(refused([](MutableBytes b, size_t& n) { return write_event(1, "a b", "e", {}, "", b, n); }));
  CHECK(refused([](MutableBytes b, size_t& n) { return write_event(1, "", "e", {}, "{", b, n); }));
  CHECK(refused([](MutableBytes b, size_t& n) { return write_event(1, "", "e", {}, "[[[[[[[[[1]]]]]]]]]", b, n); }));
  CHECK(refused([](MutableBytes b, size_t& n) { return write_channel(0, "c", {}, b, n); }));
  CHECK(refused([](MutableBytes b, size_t& n) { return write_result_ok("c", "1e400", b, n); }));
  CHECK(refused([](MutableBytes b, size_t& n) { return write_result_error("c", "", "m", b, n); }));
  CHECK(refused([](MutableBytes b, size_t& n) { return write_reported(1, "[]", b, n); }));
  CHECK(refused([](MutableBytes b, size_t& n) { return write_reported(limits::kWholeNumberMax + 1, "{}", b, n); }));
  CHECK(refused([](MutableBytes b, size_t& n) { return write_token_stored("t", "abc", b, n); }));
  CHECK(refused([](MutableBytes b, size_t& n) { return write_log("fatal", "t", b, n); }));
}

TEST_CASE("texts for people are cut to what the wire takes [L-16]") {
  const std::string text = std::string(1023, 'x') + "\xc3\xbc";
  CHECK(written([&](MutableBytes b, size_t& n) { return write_log("info", text, b, n); }) ==
        "{\"type\":\"log\",\"level\":\"info\",\"text\":\"" + std::string(1023, 'x') + "\"}");
  const std::string label(65, 'v');
  CHECK(written([&](MutableBytes b, size_t& n) { return write_hello({"b", label, label, nullptr, 0, 0}, b, n); }) ==
        "{\"type\":\"hello\",\"boot\":\"b\",\"firmware\":\"" + label.substr(1) + "\",\"model\":\"" + label.substr(1) + "\",\"capabilities\":[]}");
}

TEST_CASE("numbers are brought into the range of the wire") {
  CHECK(written([](MutableBytes b, size_t& n) { return write_bye(UINT32_MAX, b, n); }) == "{\"type\":\"bye\",\"sleep_s\":2592000}");  // [L-22]
  CHECK(written([](MutableBytes b, size_t& n) { return write_progress("c", 101, "", b, n); }) == "{\"type\":\"progress\",\"id\":\"c\",\"percent\":100}");
  CHECK(written([](MutableBytes b, size_t& n) { return write_event(1, "", "e", {TimeKind::Wall, UINT64_MAX}, "", b, n); }) ==
        "{\"type\":\"event\",\"seq\":1,\"name\":\"e\"}");
}

TEST_CASE("a point that does not fit leaves the telemetry frame whole [T-1]") {
  std::array<uint8_t, 96> bytes{};
  TelemetryWriter writer({bytes.data(), bytes.size()});
  writer.begin(1, "");
  CHECK(writer.add_point({}, "\"a\":1"));
  CHECK(writer.add_point({}, "\"a\":2"));
  CHECK_FALSE(writer.add_point({}, "\"text\":\"" + std::string(40, 'x') + "\""));
  CHECK(writer.add_point({}, "\"a\":3"));
  CHECK(writer.points() == 3);
  const size_t expected = writer.size_if_finished();
  size_t size = 0;
  CHECK(writer.finish(size) == Status::Ok);
  CHECK(size == expected);
  CHECK(std::string(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)) ==
        "{\"type\":\"telemetry\",\"seq\":1,\"points\":[{\"values\":{\"a\":1}},{\"values\":{\"a\":2}},{\"values\":{\"a\":3}}]}");
  writer.begin(2, "");
  CHECK(writer.add_point({TimeKind::Age, 0}, "\"a\":4"));
  CHECK(writer.finish(size) == Status::Ok);
}

TEST_CASE("a telemetry frame has 1 to 100 points and a place in the sequence [T-1] [L-7] [A-1]") {
  std::vector<uint8_t> bytes(8192);
  TelemetryWriter writer({bytes.data(), bytes.size()});
  size_t size = 0;
  writer.begin(1, "");
  CHECK(writer.finish(size) == Status::Invalid);
  for (int i = 0; i < 100; i++) CHECK(writer.add_point({}, "\"a\":1"));
  CHECK_FALSE(writer.add_point({}, "\"a\":1"));
  CHECK(writer.finish(size) == Status::Ok);
  writer.begin(0, "");
  CHECK(writer.add_point({}, "\"a\":1"));
  CHECK(writer.finish(size) == Status::Invalid);
  writer.begin(1, "no boot id");
  CHECK(writer.add_point({}, "\"a\":1"));
  CHECK(writer.finish(size) == Status::Invalid);
}

TEST_CASE("a payload may stand in the buffer of its frame") {
  std::array<uint8_t, 32> bytes{};
  for (size_t i = 0; i < 8; i++) bytes[i] = static_cast<uint8_t>('0' + i);
  size_t size = 0;
  CHECK(write_channel(1, "c", {bytes.data(), 8}, {bytes.data(), bytes.size()}, size) == Status::Ok);
  CHECK(std::string(bytes.begin() + 7, bytes.begin() + 15) == "01234567");
}

TEST_CASE("each status has a word") {
  for (const Status status : {Status::Ok, Status::NotFound, Status::TooLarge, Status::Full, Status::Invalid, Status::IoError, Status::NotReady}) {
    CHECK(std::string(status_text(status)) != "unknown");
  }
}
