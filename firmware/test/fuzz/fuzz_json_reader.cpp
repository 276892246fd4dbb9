#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "fairlead/json_check.hpp"
#include "fairlead/json_reader.hpp"
#include "fairlead/limits.hpp"

using namespace fairlead;

/** Any bytes through the reader: it ends, stays in its bounds, and takes what another library takes. */
namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

enum class Verdict { Taken, Refused, TooDeep };

/** Taken: JSON with finite numbers and without half a surrogate pair. */
Verdict verdict(std::string_view json) {
  JsonReader reader(json);
  std::vector<char> text(json.size() + 1);
  bool whole = true;
  for (size_t tokens = 0;; tokens++) {
    must(tokens <= json.size() + 1);
    const JsonToken token = reader.next();
    must(reader.depth() >= 0 && reader.depth() <= limits::kFrameDepthMax);
    if (token == JsonToken::End) return whole ? Verdict::Taken : Verdict::Refused;
    if (token == JsonToken::Error) {
      must(reader.next() == JsonToken::Error);
      return reader.too_deep() ? Verdict::TooDeep : Verdict::Refused;
    }
    size_t size = 0;
    double number = 0;
    if (token == JsonToken::Key || token == JsonToken::Text) whole = whole && reader.copy_text(text.data(), text.size(), size);
    if (token == JsonToken::Number) whole = whole && reader.number(number);
  }
}

/** The judge stops at a NUL byte and passes over a byte order mark. */
bool can_be_judged(std::string_view json) {
  return json.find('\0') == std::string_view::npos && json.substr(0, 3) != "\xef\xbb\xbf";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  const Verdict reader = verdict(json);
  if (reader != Verdict::TooDeep && can_be_judged(json)) must(nlohmann::json::accept(json) == (reader == Verdict::Taken));

  // A whole value passed over is a value by itself, and free-form JSON is never more than JSON.
  JsonReader skipping(json);
  std::string_view raw;
  if (skipping.skip_value(raw)) must(verdict(raw) != Verdict::TooDeep);
  if (free_form_problem(json) == Problem::None) must(reader == Verdict::Taken);
  values_problem(json);
  return 0;
}
