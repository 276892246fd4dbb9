#pragma once
#include <cstddef>
#include <cstring>
#include <string_view>

namespace fairlead {

/** Into a fixed buffer, NUL-terminated; what does not fit is cut. */
template <size_t kSize>
void copy_text(char (&into)[kSize], std::string_view text) {
  const size_t size = text.size() < kSize ? text.size() : kSize - 1;
  if (size > 0) std::memcpy(into, text.data(), size);
  into[size] = '\0';
}

}  // namespace fairlead
