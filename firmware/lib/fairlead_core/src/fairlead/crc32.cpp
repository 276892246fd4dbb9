#include "fairlead/crc32.hpp"

namespace fairlead {

uint32_t crc32(ByteView bytes, uint32_t before) {
  // A table for four bits at a time: 64 bytes instead of 1 KiB, and still several MB/s on an ESP32.
  static const uint32_t kNibble[16] = {
      0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
      0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
  };
  uint32_t crc = ~before;
  for (size_t i = 0; i < bytes.size; ++i) {
    crc ^= bytes.data[i];
    crc = (crc >> 4) ^ kNibble[crc & 15];
    crc = (crc >> 4) ^ kNibble[crc & 15];
  }
  return ~crc;
}

}  // namespace fairlead
