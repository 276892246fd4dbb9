#include <doctest/doctest.h>

#include <cstdio>
#include <map>

#include "fairlead/device_frames.hpp"
#include "vector_files.hpp"

using namespace fairlead;
using nlohmann::json;

namespace {

struct Frame {
  std::string bytes = std::string(16 * 1024, '\0');
  size_t size = 0;
  MutableBytes into() { return {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()}; }
  std::string text() const { return bytes.substr(0, size); }
};

std::string text_or_empty(const json& m, const char* field) { return m.contains(field) ? m.at(field).get<std::string>() : ""; }
std::string json_or_empty(const json& m, const char* field) { return m.contains(field) ? m.at(field).dump() : ""; }
/** The inside of an object, as the outbox keeps it. */
std::string members(const json& object) {
  const std::string text = object.dump();
  return text.substr(1, text.size() - 2);
}

RecordTime time_of(const json& m) {
  if (m.contains("ts")) return {TimeKind::Wall, m.at("ts").get<uint64_t>()};
  if (m.contains("age_ms")) return {TimeKind::Age, m.at("age_ms").get<uint64_t>()};
  return {};
}

Status hello(const json& m, Frame& frame) {
  const std::string boot = m.at("boot"), firmware = m.at("firmware"), model = m.at("model");
  const std::vector<std::string> names = m.at("capabilities");
  const std::vector<std::string_view> capabilities(names.begin(), names.end());
  return write_hello({boot, firmware, model, capabilities.data(), capabilities.size(), m.value("next_wake_s", 0u)}, frame.into(), frame.size);
}

Status telemetry(const json& m, Frame& frame) {
  TelemetryWriter writer(frame.into());
  writer.begin(m.at("seq"), text_or_empty(m, "boot"));
  for (const json& point : m.at("points")) CHECK(writer.add_point(time_of(point), members(point.at("values"))));
  return writer.finish(frame.size);
}

Status event(const json& m, Frame& frame) {
  return write_event(m.at("seq"), text_or_empty(m, "boot"), m.at("name").get<std::string>(), time_of(m), json_or_empty(m, "data"),
                     frame.into(), frame.size);
}

Status progress(const json& m, Frame& frame) {
  return write_progress(m.at("id").get<std::string>(), m.value("percent", -1), text_or_empty(m, "text"), frame.into(), frame.size);
}

Status result(const json& m, Frame& frame) {
  const std::string id = m.at("id");
  if (m.at("ok").get<bool>()) return write_result_ok(id, json_or_empty(m, "data"), frame.into(), frame.size);
  const json& error = m.at("error");
  return write_result_error(id, error.at("code").get<std::string>(), error.at("message").get<std::string>(), frame.into(), frame.size);
}

using Write = Status (*)(const json&, Frame&);
const std::map<std::string, Write> kWriters = {
    {"hello", hello},
    {"telemetry", telemetry},
    {"event", event},
    {"accepted", [](const json& m, Frame& f) { return write_accepted(m.at("id").get<std::string>(), f.into(), f.size); }},
    {"progress", progress},
    {"result", result},
    {"reported", [](const json& m, Frame& f) { return write_reported(m.at("version"), m.at("state").dump(), f.into(), f.size); }},
    {"token_stored",
     [](const json& m, Frame& f) {
       return write_token_stored(m.at("token_id").get<std::string>(), m.at("sha256").get<std::string>(), f.into(), f.size);
     }},
    {"log",
     [](const json& m, Frame& f) {
       return write_log(m.at("level").get<std::string>(), m.at("text").get<std::string>(), f.into(), f.size);
     }},
    {"bye", [](const json& m, Frame& f) { return write_bye(m.value("sleep_s", 0u), f.into(), f.size); }},
};

/** Messages that the protocol allows and this device never sends, with what it sends in their place. */
json as_this_device_sends(json message) {
  // A failure with data beside its error, and a progress with an empty text: both without them.
  if (message.at("type") == "result" && !message.at("ok").get<bool>()) message.erase("data");
  if (message.at("type") == "progress" && text_or_empty(message, "text").empty()) message.erase("text");
  return message;
}

std::string bytes_of_hex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

}  // namespace

TEST_CASE("every good message of a device is written so that it reads back as itself [M-9]") {
  std::map<std::string, int> written;
  for (const json& one : vector_cases("device-text")) {
    if (!one.at("expect").contains("message")) continue;
    const json& message = one.at("expect").at("message");
    const std::string type = message.at("type");
    INFO(one.at("name").get<std::string>());
    REQUIRE(kWriters.count(type) == 1);
    Frame frame;
    CHECK(kWriters.at(type)(message, frame) == Status::Ok);
    CHECK(json::parse(frame.text(), nullptr, false) == as_this_device_sends(message));
    written[type]++;
  }
  CHECK(written.size() == kWriters.size());
  for (const auto& [type, count] : written) std::printf("%-14s %2d messages written\n", type.c_str(), count);
}

TEST_CASE("every good binary frame is written byte for byte [B-1]") {
  int written = 0;
  for (const json& one : vector_cases("device-binary")) {
    if (!one.at("expect").contains("message")) continue;
    const json& message = one.at("expect").at("message");
    INFO(one.at("name").get<std::string>());
    const std::string payload = bytes_of_hex(message.at("payload_hex"));
    Frame frame;
    frame.bytes.resize(70 * 1024);
    CHECK(write_channel(message.at("seq"), message.at("channel").get<std::string>(), bytes_of(payload), frame.into(), frame.size) == Status::Ok);
    CHECK(frame.text() == bytes_of_hex(one.at("hex")));
    written++;
  }
  CHECK(written >= 8);
}

TEST_CASE("what breaks a rule of names is refused by the writer, as the vectors refuse it") {
  int refused = 0;
  for (const json& one : vector_cases("names")) {
    const std::string text = one.at("text");
    Frame frame;
    const bool name = one.at("expect").at("name"), boot = one.at("expect").at("boot");
    CHECK((write_accepted(text, frame.into(), frame.size) == Status::Ok) == name);
    CHECK((write_event(1, "", text, {}, "", frame.into(), frame.size) == Status::Ok) == name);
    CHECK((write_channel(1, text, {}, frame.into(), frame.size) == Status::Ok) == name);
    HelloFields fields;
    fields.boot = text;
    CHECK((write_hello(fields, frame.into(), frame.size) == Status::Ok) == boot);
    refused += name && boot ? 0 : 1;
  }
  CHECK(refused > 10);
}
