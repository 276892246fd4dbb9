#include "fairlead/device_frames.hpp"

#include <algorithm>

#include "fairlead/frame_parts.hpp"
#include "fairlead/json_check.hpp"
#include "fairlead/limits.hpp"
#include "fairlead/names.hpp"

namespace fairlead {
namespace {

/** [M-11] */
constexpr std::string_view kLogLevels[] = {"debug", "info", "warn", "error"};

/** [L-22] The longest sleep that can be said; a longer one is said as this. */
uint32_t sleep_said(uint32_t sleep_s) { return std::min(sleep_s, limits::kSleepMaxS); }

}  // namespace

JsonWriter begin_frame(std::string_view type, MutableBytes into) {
  JsonWriter json(into);
  json.begin_object().key("type").text(type);
  return json;
}

Status end_frame(JsonWriter& json, size_t& size) {
  json.end_object();
  size = json.ok() ? json.size() : 0;
  return json.ok() ? Status::Ok : Status::TooLarge;
}

Status refuse_frame(size_t& size) {
  size = 0;
  return Status::Invalid;
}

Status write_hello(const HelloFields& hello, MutableBytes into, size_t& size) {
  if (!is_boot_id(hello.boot) || hello.capability_count > limits::kCapabilitiesMax) return refuse_frame(size);  // [L-18]
  JsonWriter json = begin_frame("hello", into);
  json.key("boot").text(hello.boot);
  json.key("firmware").text_cut(hello.firmware, limits::kLabelMaxBytes);
  json.key("model").text_cut(hello.model, limits::kLabelMaxBytes);
  json.key("capabilities").begin_array();
  for (size_t i = 0; i < hello.capability_count; i++) {
    if (!is_name(hello.capabilities[i])) return refuse_frame(size);
    json.text(hello.capabilities[i]);
  }
  json.end_array();
  if (hello.next_wake_s > 0) json.key("next_wake_s").unsigned_integer(sleep_said(hello.next_wake_s));
  return end_frame(json, size);
}

Status write_accepted(std::string_view id, MutableBytes into, size_t& size) {
  if (!is_name(id)) return refuse_frame(size);
  JsonWriter json = begin_frame("accepted", into);
  json.key("id").text(id);
  return end_frame(json, size);
}

Status write_progress(std::string_view id, int percent_or_negative, std::string_view text, MutableBytes into, size_t& size) {
  if (!is_name(id)) return refuse_frame(size);
  JsonWriter json = begin_frame("progress", into);
  json.key("id").text(id);
  if (percent_or_negative >= 0) json.key("percent").integer(std::min(percent_or_negative, 100));
  if (!text.empty()) json.key("text").text_cut(text, limits::kLogTextMaxBytes);
  return end_frame(json, size);
}

Status write_result_ok(std::string_view id, std::string_view data_json_or_empty, MutableBytes into, size_t& size) {
  if (!is_name(id)) return refuse_frame(size);
  JsonWriter json = begin_frame("result", into);
  json.key("id").text(id).key("ok").boolean(true);
  if (!data_json_or_empty.empty()) {
    if (free_form_problem(data_json_or_empty) != Problem::None) return refuse_frame(size);
    json.key("data").raw(data_json_or_empty);
  }
  return end_frame(json, size);
}

Status write_result_error(std::string_view id, std::string_view code, std::string_view message, MutableBytes into, size_t& size) {
  if (!is_name(id) || !is_name(code)) return refuse_frame(size);
  JsonWriter json = begin_frame("result", into);
  json.key("id").text(id).key("ok").boolean(false);
  json.key("error").begin_object().key("code").text(code);
  json.key("message").text_cut(message, limits::kLogTextMaxBytes).end_object();
  return end_frame(json, size);
}

Status write_reported(uint64_t version, std::string_view state_json, MutableBytes into, size_t& size) {
  if (version > limits::kWholeNumberMax || object_problem(state_json) != Problem::None) return refuse_frame(size);
  JsonWriter json = begin_frame("reported", into);
  json.key("version").unsigned_integer(version).key("state").raw(state_json);
  return end_frame(json, size);
}

Status write_token_stored(std::string_view token_id, std::string_view sha256_hex, MutableBytes into, size_t& size) {
  if (!is_name(token_id) || !is_sha256(sha256_hex)) return refuse_frame(size);
  JsonWriter json = begin_frame("token_stored", into);
  json.key("token_id").text(token_id).key("sha256").text(sha256_hex);
  return end_frame(json, size);
}

Status write_log(std::string_view level, std::string_view text, MutableBytes into, size_t& size) {
  if (std::find(std::begin(kLogLevels), std::end(kLogLevels), level) == std::end(kLogLevels)) return refuse_frame(size);
  JsonWriter json = begin_frame("log", into);
  json.key("level").text(level).key("text").text_cut(text, limits::kLogTextMaxBytes);
  return end_frame(json, size);
}

Status write_bye(uint32_t sleep_s_or_zero, MutableBytes into, size_t& size) {
  JsonWriter json = begin_frame("bye", into);
  if (sleep_s_or_zero > 0) json.key("sleep_s").unsigned_integer(sleep_said(sleep_s_or_zero));
  return end_frame(json, size);
}

}  // namespace fairlead
