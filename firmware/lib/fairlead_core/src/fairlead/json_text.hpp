#pragma once
#include <cstddef>
#include <string_view>

/** The inside of a JSON text, between its quotes, as JsonReader::raw gives it: grammar and UTF-8 are checked already. */
namespace fairlead {

/** Copies without escapes and NUL-terminates; false when it does not fit `capacity` or holds half a surrogate pair. */
bool json_unescape(std::string_view raw, char* into, size_t capacity, size_t& size);

/** As json_unescape, but cuts before the first character that does not fit. False for half a surrogate pair alone. */
bool json_unescape_cut(std::string_view raw, char* into, size_t capacity, size_t& size);

/** Bytes of the text without escapes, in UTF-8 [M-5]; false when it holds half a surrogate pair. */
bool json_text_bytes(std::string_view raw, size_t& bytes);

/** Whether the text without escapes is `text`. */
bool json_text_is(std::string_view raw, std::string_view text);

}  // namespace fairlead
