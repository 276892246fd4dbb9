#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "fairlead/json_reader.hpp"
#include "fairlead/json_writer.hpp"

using namespace fairlead;
using nlohmann::json;

/** Random JSON through the reader and the writer of the core, with nlohmann-json as the judge. */
namespace {

using Random = std::mt19937;

std::string random_text(Random& random) {
  static const char* const kParts[] = {"a", "Z", "\"", "\\", "/", "\n", "\x01", "\x7f", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80", " ", "{", "]"};
  std::string text;
  for (unsigned n = random() % 8; n > 0; n--) text += kParts[random() % (sizeof kParts / sizeof kParts[0])];
  return text;
}

json random_json(Random& random, int depth) {
  switch (random() % (depth > 0 ? 8 : 6)) {
    case 0: return nullptr;
    case 1: return random() % 2 == 0;
    case 2: return static_cast<int64_t>(random()) - (int64_t{1} << 31);
    case 3: return std::ldexp(static_cast<double>(random()) - 2e9, static_cast<int>(random() % 200) - 100);
    case 4:
    case 5: return random_text(random);
    case 6: {
      json list = json::array();
      for (unsigned n = random() % 5; n > 0; n--) list.push_back(random_json(random, depth - 1));
      return list;
    }
    default: {
      json object = json::object();
      for (unsigned n = random() % 5; n > 0; n--) object[random_text(random)] = random_json(random, depth - 1);
      return object;
    }
  }
}

std::string text_of_token(const JsonReader& reader) {
  std::vector<char> into(reader.raw().size() + 1);
  size_t size = 0;
  REQUIRE(reader.copy_text(into.data(), into.size(), size));
  return {into.data(), size};
}

/** The value whose first token was read, as the core's reader sees it. */
json built(JsonReader& reader, JsonToken token) {
  switch (token) {
    case JsonToken::BeginObject: {
      json object = json::object();
      while (reader.next() == JsonToken::Key) {
        const std::string key = text_of_token(reader);
        object[key] = built(reader, reader.next());
      }
      return object;
    }
    case JsonToken::BeginArray: {
      json list = json::array();
      for (JsonToken next = reader.next(); next != JsonToken::EndArray; next = reader.next()) list.push_back(built(reader, next));
      return list;
    }
    case JsonToken::Text: return text_of_token(reader);
    case JsonToken::Number: {
      int64_t whole = 0;
      double number = 0;
      if (reader.raw().find_first_of(".eE") == std::string_view::npos && reader.integer(whole)) return whole;
      REQUIRE(reader.number(number));
      return number;
    }
    case JsonToken::True: return true;
    case JsonToken::False: return false;
    case JsonToken::Null: return nullptr;
    default: FAIL("unexpected token ", static_cast<int>(token));
  }
  return nullptr;
}

/** Written again by the core's writer; numbers as nlohmann writes them, so that they can be compared exactly. */
void rewrite(JsonWriter& writer, const json& value) {
  if (value.is_object()) {
    writer.begin_object();
    for (const auto& [key, child] : value.items()) {
      writer.key(key);
      rewrite(writer, child);
    }
    writer.end_object();
  } else if (value.is_array()) {
    writer.begin_array();
    for (const json& child : value) rewrite(writer, child);
    writer.end_array();
  } else if (value.is_string()) {
    writer.text(value.get_ref<const std::string&>());
  } else if (value.is_number_integer()) {
    writer.integer(value.get<int64_t>());
  } else if (value.is_boolean()) {
    writer.boolean(value.get<bool>());
  } else {
    writer.raw(value.dump());
  }
}

/** Whether it is JSON without half surrogates and with finite numbers: what nlohmann takes. */
bool is_taken(const std::string& text) {
  JsonReader reader(text);
  char into[4096];
  size_t size = 0;
  double number = 0;
  while (true) {
    const JsonToken token = reader.next();
    if (token == JsonToken::End) return true;
    if (token == JsonToken::Error) return false;
    const bool is_text = token == JsonToken::Key || token == JsonToken::Text;
    if (is_text && !reader.copy_text(into, sizeof into, size)) return false;
    if (token == JsonToken::Number && !reader.number(number)) return false;
  }
}

}  // namespace

TEST_CASE("random JSON is read and written as another library reads and writes it") {
  Random random(42);
  for (int i = 0; i < 3000; i++) {
    const json value = random_json(random, 5);
    const std::string text = random() % 2 == 0 ? value.dump() : value.dump(1, ' ', true);
    CAPTURE(text);
    JsonReader reader(text);
    REQUIRE(built(reader, reader.next()) == value);
    REQUIRE(reader.next() == JsonToken::End);
    std::vector<uint8_t> bytes(text.size() * 2 + 16);
    JsonWriter writer({bytes.data(), bytes.size()});
    rewrite(writer, value);
    REQUIRE(writer.ok());
    REQUIRE(json::parse(writer.view()) == value);
  }
}

TEST_CASE("broken JSON is refused where another library refuses it") {
  Random random(43);
  static const char kBytes[] = "{}[]:,\"\\u0dD8eE+-.19tfn \n\x01\x80\xc3\xbc\xed\xf4\xff";
  int taken = 0;
  int refused = 0;
  for (int i = 0; i < 20000; i++) {
    std::string text = random_json(random, 3).dump(-1, ' ', random() % 2 == 0);
    for (unsigned n = 1 + random() % 3; n > 0; n--) {
      const size_t at = random() % (text.size() + 1);
      const char byte = kBytes[random() % (sizeof kBytes - 1)];
      if (random() % 3 == 0 && at < text.size()) text.erase(at, 1);
      else if (random() % 2 == 0 && at < text.size()) text[at] = byte;
      else text.insert(at, 1, byte);
    }
    const bool expected = json::accept(text);
    (expected ? taken : refused)++;
    if (is_taken(text) != expected) FAIL_CHECK("differs: ", text);
  }
  CHECK(taken > 1000);
  CHECK(refused > 1000);
}
