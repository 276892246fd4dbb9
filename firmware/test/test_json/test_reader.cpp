#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "fairlead/json_check.hpp"
#include "fairlead/json_reader.hpp"
#include "fairlead/limits.hpp"

using namespace fairlead;

namespace {

bool is_json(const std::string& json) {
  JsonReader reader(json);
  JsonToken token = reader.next();
  while (token != JsonToken::End && token != JsonToken::Error) token = reader.next();
  return token == JsonToken::End;
}

/** Each token as one letter, with the raw text of keys, texts and numbers. */
std::string tokens(const std::string& json) {
  JsonReader reader(json);
  std::string shown;
  while (true) {
    const JsonToken token = reader.next();
    shown += "{}[]kTNtfn.!"[static_cast<int>(token)];
    shown += reader.raw();
    if (token == JsonToken::End || token == JsonToken::Error) return shown;
  }
}

std::string text_of_json(const std::string& json, size_t capacity = 64) {
  JsonReader reader(json);
  REQUIRE(reader.next() == JsonToken::Text);
  std::vector<char> into(capacity);
  size_t size = 0;
  if (!reader.copy_text(into.data(), into.size(), size)) return "refused";
  CHECK(into[size] == '\0');
  return {into.data(), size};
}

std::string nested(int depth) {
  return std::string(static_cast<size_t>(depth), '[') + std::string(static_cast<size_t>(depth), ']');
}

}  // namespace

TEST_CASE("tokens come in the order of the text") {
  CHECK(tokens("{\"a\":1,\"b\":[true,false,null,\"x\"],\"c\":{}}") == "{kaN1kb[tfnTx]kc{}}.");
  CHECK(tokens(" [ ] ") == "[].");
  CHECK(tokens("\t-0.5e+3\r\n") == "N-0.5e+3.");
  CHECK(tokens("\"\"") == "T.");
}

TEST_CASE("what RFC 8259 does not allow is an error, and stays one") {
  for (const char* json :
       {"", " ", "{", "}", "[", "]", "{]", "[}", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{1:2}",
        "{'a':1}", "{a:1}", "{\"a\" 1}", "[1]]", "1 2", "{}{}", "1,\"a\":2", "tru", "True", "nul", "NaN", "Infinity", "-", "+1", ".5", "1.",
        "01", "-01", "1e", "1e+", "0x10", "1_0", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\", "\"\n\"",
        "\"\x01\"", "// c\n1", "/* c */1", "[1,\v2]", "\xef\xbb\xbf{}", "\xc2\xa0" "1"}) {
    CAPTURE(json);
    CHECK_FALSE(is_json(json));
  }
  JsonReader reader("[1");
  while (reader.next() != JsonToken::Error) {
  }
  CHECK(reader.next() == JsonToken::Error);
  CHECK_FALSE(reader.too_deep());
}

TEST_CASE("a NUL byte is never a part of JSON") {
  CHECK_FALSE(is_json(std::string("1\0", 2)));
  CHECK_FALSE(is_json(std::string("\"a\0b\"", 5)));
  CHECK_FALSE(is_json(std::string("\"\\\0\"", 4)));
}

TEST_CASE("text must be well-formed UTF-8") {
  for (const char* good : {"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    CHECK(is_json(std::string("\"") + good + "\""));
  }
  for (const char* bad : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xe0\xa0", "\xed\xa0\x80",
                          "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    CHECK_FALSE(is_json(std::string("\"") + bad + "\""));
    CHECK_FALSE(is_json(std::string("{\"") + bad + "\":1}"));
  }
}

TEST_CASE("escapes are taken out of a text") {
  CHECK(text_of_json("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"") == "\"\\/\b\f\n\r\t");
  CHECK(text_of_json("\"\\u0041\\u00e4\\u20AC\\ud83d\\uDE00\"") == "A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
  CHECK(text_of_json("\"\\u0000\"") == std::string(1, '\0'));
}

TEST_CASE("half of a surrogate pair is JSON, but no text [M-5]") {
  for (const char* json : {"\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\ud800\"", "\"\\ud800x\"", "\"\\ude00\\ud83d\"", "\"\\ud83d\\u0041\"",
                           "\"\\ud83d\\n\"", "\"a\\ud83d\""}) {
    CAPTURE(json);
    CHECK(is_json(json));
    CHECK(text_of_json(json) == "refused");
  }
}

TEST_CASE("a text that does not fit with its NUL is refused") {
  CHECK(text_of_json("\"abc\"", 4) == "abc");
  CHECK(text_of_json("\"abc\"", 3) == "refused");
  CHECK(text_of_json("\"\\u20ac\"", 3) == "refused");
}

TEST_CASE("nesting is bounded") {
  CHECK(is_json(nested(limits::kFrameDepthMax)));
  const std::string deep = nested(limits::kFrameDepthMax + 1);
  JsonReader reader(deep);
  for (int i = 0; i < limits::kFrameDepthMax; i++) CHECK(reader.next() == JsonToken::BeginArray);
  CHECK(reader.next() == JsonToken::Error);
  CHECK(reader.too_deep());
  CHECK_FALSE(is_json(nested(100000)));
}

TEST_CASE("skip_value gives the raw JSON of one value") {
  const std::string json = "{\"a\" : [1, {\"x\":\"]}\"}] ,\"b\":-1.5e3, \"c\":\"\\\"\"}";
  JsonReader reader(json);
  std::string_view raw;
  JsonToken kind = JsonToken::Error;
  CHECK(reader.next() == JsonToken::BeginObject);
  CHECK(reader.next() == JsonToken::Key);
  CHECK(reader.skip_value(kind, raw));
  CHECK(kind == JsonToken::BeginArray);
  CHECK(raw == "[1, {\"x\":\"]}\"}]");
  CHECK(reader.next() == JsonToken::Key);
  CHECK(reader.skip_value(raw));
  CHECK(raw == "-1.5e3");
  CHECK(reader.next() == JsonToken::Key);
  CHECK(reader.skip_value(kind, raw));
  CHECK(kind == JsonToken::Text);
  CHECK(raw == "\"\\\"\"");
  CHECK(reader.next() == JsonToken::EndObject);
  CHECK(reader.next() == JsonToken::End);
}

TEST_CASE("skip_value fails where no value begins, and on a broken one") {
  std::string_view raw;
  JsonReader key_first("{\"a\":1}");
  CHECK(key_first.next() == JsonToken::BeginObject);
  CHECK_FALSE(key_first.skip_value(raw));
  JsonReader broken("[1,[2}");
  CHECK_FALSE(broken.skip_value(raw));
  JsonReader empty("");
  CHECK_FALSE(empty.skip_value(raw));
}

TEST_CASE("the inside of an object is read by members()") {
  JsonReader reader = JsonReader::members("\"temp\":21.5, \"door\":{\"a\":[1]}");
  CHECK(reader.next() == JsonToken::Key);
  CHECK(reader.raw() == "temp");
  CHECK(reader.next() == JsonToken::Number);
  CHECK(reader.next() == JsonToken::Key);
  std::string_view raw;
  CHECK(reader.skip_value(raw));
  CHECK(raw == "{\"a\":[1]}");
  CHECK(reader.next() == JsonToken::End);
  JsonReader none = JsonReader::members(" ");
  CHECK(none.next() == JsonToken::End);
  JsonReader closed = JsonReader::members("\"a\":1}");
  CHECK(closed.next() == JsonToken::Key);
  CHECK(closed.next() == JsonToken::Number);
  CHECK(closed.next() == JsonToken::Error);
}

TEST_CASE("free-form JSON has 8 levels and finite numbers [L-17]") {
  CHECK(free_form_problem("[1,\"x\",{\"a\":null}]") == Problem::None);
  CHECK(free_form_problem(nested(8)) == Problem::None);
  CHECK(free_form_problem(nested(9)) == Problem::TooDeep);
  CHECK(free_form_problem(nested(99)) == Problem::TooDeep);
  CHECK(free_form_problem("[1e400]") == Problem::OutOfRange);
  CHECK(free_form_problem("[1e-400]") == Problem::None);
  CHECK(free_form_problem("{\"\\ud800\":1}") == Problem::BadText);
  CHECK(free_form_problem("\"\\udfff\"") == Problem::BadText);
  CHECK(free_form_problem("[1") == Problem::NotJson);
  CHECK(object_problem("{}") == Problem::None);
  CHECK(object_problem("[]") == Problem::WrongType);
}

TEST_CASE("values of a point are numbers, booleans and short texts under names [T-3]") {
  CHECK(values_problem("\"temp\":21.5,\"door\":true,\"mode\":\"eco\"") == Problem::None);
  CHECK(values_problem("\"t\":\"" + std::string(1024, 'x') + "\"") == Problem::None);
  CHECK(values_problem("\"t\":\"" + std::string(1025, 'x') + "\"") == Problem::TooLong);
  CHECK(values_problem("") == Problem::OutOfRange);
  CHECK(values_problem("\"a b\":1") == Problem::BadName);
  CHECK(values_problem("\"a\":null") == Problem::WrongType);
  CHECK(values_problem("\"a\":[1]") == Problem::WrongType);
  CHECK(values_problem("\"a\":1e400") == Problem::OutOfRange);
  CHECK(values_problem("\"a\":\"\\ud800\"") == Problem::BadText);
  CHECK(values_problem("\"a\":1}") == Problem::NotJson);
  CHECK(values_problem("\"a\":1,\"b\":") == Problem::NotJson);
}
