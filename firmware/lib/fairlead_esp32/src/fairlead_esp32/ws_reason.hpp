#pragma once
#include <cstddef>
#include <cstdint>

#include "fairlead/ports.hpp"

namespace fairlead {

/** What an mbedTLS or lwIP code of a failed connect means. */
OpenFail fail_of_native(int32_t native);
/** The number after `HTTP ` in the library's text; 0 when there is none. */
uint16_t http_status_in(const char* text, size_t length);

}  // namespace fairlead
