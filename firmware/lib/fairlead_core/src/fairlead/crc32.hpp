#pragma once
#include <cstdint>

#include "fairlead/bytes.hpp"

namespace fairlead {

/** CRC-32 of IEEE 802.3 (that of zlib). Pass the CRC of what came before to go on with it. */
uint32_t crc32(ByteView bytes, uint32_t before = 0);

}  // namespace fairlead
