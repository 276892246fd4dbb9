#include "report_line.hpp"

#include <cstdio>
#include <cstdlib>

namespace fairlead::posix {

ReportLine::ReportLine(const char* on) : writer_({bytes_, sizeof bytes_}) {
  writer_.begin_object().key("on").text(on);
}

ReportLine::~ReportLine() {
  writer_.end_object();
  if (!writer_.ok()) std::abort();  // a line that does not fit is a mistake in this program
  const std::string_view line = writer_.view();
  std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
  std::fflush(stdout);
}

ReportLine& ReportLine::text(const char* key, std::string_view value) {
  writer_.key(key).text(value);
  return *this;
}
ReportLine& ReportLine::number(const char* key, uint64_t value) {
  writer_.key(key).unsigned_integer(value);
  return *this;
}
ReportLine& ReportLine::boolean(const char* key, bool value) {
  writer_.key(key).boolean(value);
  return *this;
}
ReportLine& ReportLine::json(const char* key, std::string_view value) {
  writer_.key(key).raw(value);
  return *this;
}

}  // namespace fairlead::posix
