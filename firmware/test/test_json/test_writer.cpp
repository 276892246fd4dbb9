#include <doctest/doctest.h>

#include <array>
#include <limits>
#include <string>

#include "fairlead/json_writer.hpp"
#include "fairlead/utf8.hpp"

using namespace fairlead;

namespace {

struct Buffer {
  std::array<uint8_t, 256> bytes{};
  JsonWriter json{{bytes.data(), bytes.size()}};
  std::string text() const { return std::string(json.view()); }
};

std::string text_json(std::string_view value, size_t max_bytes = 1000) {
  Buffer buffer;
  buffer.json.text_cut(value, max_bytes);
  return buffer.text();
}

}  // namespace

TEST_CASE("commas and colons come by themselves") {
  Buffer b;
  b.json.begin_object().key("a").unsigned_integer(1).key("b").begin_array().boolean(true).null().integer(-2).begin_object();
  b.json.end_object().end_array().key("c").number(1.5).key("d").raw("[1, 2]").raw_members("\"e\":1,\"f\":2").raw_members("");
  b.json.key("g").text("x").end_object();
  CHECK(b.json.ok());
  CHECK(b.text() == "{\"a\":1,\"b\":[true,null,-2,{}],\"c\":1.5,\"d\":[1, 2],\"e\":1,\"f\":2,\"g\":\"x\"}");
}

TEST_CASE("numbers that JSON does not have are null") {
  Buffer b;
  b.json.begin_array().number(std::numeric_limits<double>::quiet_NaN()).number(std::numeric_limits<double>::infinity());
  b.json.number(-std::numeric_limits<double>::infinity()).end_array();
  CHECK(b.text() == "[null,null,null]");
}

TEST_CASE("what must be escaped is escaped") {
  CHECK(text_json("\"\\/\b\f\n\r\t") == "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
  CHECK(text_json(std::string_view("\0\x1f\x7f", 3)) == "\"\\u0000\\u001f\x7f\"");
  CHECK(text_json("gr\xc3\xbcn \xf0\x9f\x98\x80") == "\"gr\xc3\xbcn \xf0\x9f\x98\x80\"");
}

TEST_CASE("bytes that are no UTF-8 are replaced: such a frame would end the session [X-3]") {
  CHECK(text_json("a\xff\xc3z") == "\"a\xef\xbf\xbd\xef\xbf\xbdz\"");
  CHECK(text_json("\xed\xa0\x80") == "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST_CASE("a text is cut between characters, counted without escapes [M-5]") {
  CHECK(text_json("abc", 2) == "\"ab\"");
  CHECK(text_json("a\xc3\xbc", 2) == "\"a\"");
  CHECK(text_json("\n\n\n", 2) == "\"\\n\\n\"");
  CHECK(text_json("\xff" "a", 2) == "\"\"");
  CHECK(utf8_cut("a\xf0\x9f\x98\x80", 4) == "a");
  CHECK(utf8_cut("abc", 3) == "abc");
}

TEST_CASE("what does not fit makes ok() false for good, and writes nothing beyond the buffer") {
  std::array<uint8_t, 8> bytes{};
  for (size_t size = 0; size <= 5; size++) {
    bytes.fill(0xaa);
    JsonWriter json({bytes.data(), size});
    json.begin_array().unsigned_integer(123).end_array();
    CHECK(json.ok() == (size == 5));
    for (size_t i = size; i < bytes.size(); i++) CHECK(bytes[i] == 0xaa);
    if (size == 5) continue;
    json.null();
    CHECK_FALSE(json.ok());
  }
}

TEST_CASE("raw JSON that is nothing is not JSON") {
  Buffer b;
  b.json.begin_array().raw("").end_array();
  CHECK_FALSE(b.json.ok());
}
