#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fairlead {

/** Bytes of the well-formed UTF-8 character at `at` (1 … 4), or 0: no overlong forms, no surrogates, not over U+10FFFF. */
size_t utf8_character(std::string_view text, size_t at);

/** Writes the character as UTF-8 into `into` (4 bytes) and gives its length. A surrogate is written as any other. */
size_t utf8_encode(uint32_t code_point, char* into);

/** The longest start of a well-formed text that has at most `max_bytes` and ends with a whole character. */
std::string_view utf8_cut(std::string_view text, size_t max_bytes);

}  // namespace fairlead
