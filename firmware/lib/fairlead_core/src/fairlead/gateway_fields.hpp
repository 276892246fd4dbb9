#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fairlead/gateway_message.hpp"
#include "fairlead/json_reader.hpp"

/** Reads the fields of one JSON object. Private to gateway_message.cpp. */
namespace fairlead {

/**
 * A field that a reader wants, and where its value stands once the object was read: raw JSON, of a text the inside.
 * Absent: `kind` is End.
 */
struct Field {
  const char* name;
  JsonToken kind = JsonToken::End;
  std::string_view raw = {};
};

/**
 * Goes once over the object that begins next, checks all of it and fills in the fields: of a key that stands twice the
 * last counts, others are passed over [M-4]. None, NotJson, NotObject, or TooDeep with the `field`.
 */
Problem read_object(JsonReader& reader, Field* fields, size_t count, const char*& field);

/**
 * Typed access to fields, as `Fields` of protocol/fields.ts: it keeps the first problem. A parser reads all it needs,
 * then asks once. After a problem the values mean nothing.
 */
class Fields {
 public:
  Fields(const Field* fields, size_t count) : fields_(fields), count_(count) {}
  const ParseResult& result() const { return result_; }
  bool ok() const { return result_.ok(); }
  void refuse(const ParseResult& result) {
    if (ok()) result_ = result;
  }

  bool has(const char* name) const { return find(name).kind != JsonToken::End; }
  uint64_t integer(const char* name, uint64_t min, uint64_t max);
  /** [L-15] */
  uint32_t seq();
  bool boolean(const char* name);
  /** A name [N-1] into 65 bytes. */
  void name(const char* name, char* into);
  /** A boot id [N-2] into 33 bytes. */
  void boot(const char* name, char* into);
  /** A text of at most `max_bytes`, cut where it does not fit `into`. */
  void text(const char* name, size_t max_bytes, char* into, size_t capacity);
  /** [K-3] */
  std::string_view token(const char* name);
  void one_of(const char* name, const char* const* words, size_t count, char* into, size_t capacity);
  /** Raw JSON of an object, checked for depth and for what JSON lets through [L-17]. */
  std::string_view object(const char* name);

 private:
  const Field& find(const char* name) const;
  const Field* required(const char* name, JsonToken kind);
  void refuse(Problem problem, const char* name) { refuse(ParseResult{problem, name}); }

  const Field* fields_;
  size_t count_;
  ParseResult result_;
};

}  // namespace fairlead
