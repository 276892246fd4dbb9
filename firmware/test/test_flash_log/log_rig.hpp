#pragma once
#include <string>
#include <vector>

#include "fairlead/flash_log.hpp"
#include "fakes/nor_flash.hpp"

/** Reads a log as its users do, into something that a test can compare. */
namespace log_rig {

using namespace fairlead;

struct Item {
  RecordClass cls;
  std::string boot;
  uint32_t seq;
  std::string name, json;
  bool is_wall;
  uint64_t time_ms;
};

inline std::vector<Item> read_all(FlashLog& log, RecordClass cls) {
  std::vector<Item> items;
  LogCursor cursor = log.oldest(cls);
  LogRecord record;
  while (log.front(cls, cursor, record) == Status::Ok) {
    uint8_t body[limits::kRecordMaxBytes];
    std::string_view boot;
    if (log.read_body(record, {body, sizeof body}) != Status::Ok || log.boot_of(record, boot) != Status::Ok) break;
    const std::string text(reinterpret_cast<const char*>(body), record.body_bytes);
    items.push_back({cls, std::string(boot), record.position.seq, text.substr(0, record.name_bytes),
                     text.substr(record.name_bytes), record.is_wall_time, record.time_ms});
    log.skip(cursor, record);
  }
  return items;
}

inline LogEntry entry(RecordClass cls, uint32_t seq, std::string_view json, std::string_view name = {}) {
  LogEntry made;
  made.cls = cls;
  made.seq = seq;
  made.name = name;
  made.json = json;
  return made;
}

inline std::string json_of(uint32_t seq, size_t bytes = 20) {
  std::string json = "\"v\":" + std::to_string(seq) + ",\"p\":\"";
  while (json.size() + 1 < bytes) json += static_cast<char>('a' + (seq + json.size()) % 26);
  return json + "\"";
}

/** Fills streams with seq from `from` on until `count` were taken; the number of the last. */
inline uint32_t fill(FlashLog& log, RecordClass cls, uint32_t from, uint32_t count, size_t bytes = 40) {
  for (uint32_t i = 0; i < count; ++i) {
    if (log.append(entry(cls, from + i, json_of(from + i, bytes))) != Status::Ok) return from + i - 1;
  }
  return from + count - 1;
}

}  // namespace log_rig
