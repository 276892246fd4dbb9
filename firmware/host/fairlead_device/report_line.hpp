#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "fairlead/json_writer.hpp"

namespace fairlead::posix {

/** One line of what the process says: `{"on":"state",…}`. It is written, and flushed, when this ends. */
class ReportLine {
 public:
  explicit ReportLine(const char* on);
  ~ReportLine();
  ReportLine(const ReportLine&) = delete;
  ReportLine& operator=(const ReportLine&) = delete;
  ReportLine& text(const char* key, std::string_view value);
  ReportLine& number(const char* key, uint64_t value);
  ReportLine& boolean(const char* key, bool value);
  /** JSON that is valid already. */
  ReportLine& json(const char* key, std::string_view value);

 private:
  /** More than any frame holds. */
  static constexpr size_t kLineMaxBytes = 32 * 1024;
  uint8_t bytes_[kLineMaxBytes];
  JsonWriter writer_;
};

/** Something went wrong that the device lives with. */
inline void report_problem(std::string_view what) { ReportLine("problem").text("text", what); }

}  // namespace fairlead::posix
