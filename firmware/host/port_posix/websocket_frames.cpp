#include "websocket_frames.hpp"

namespace fairlead::posix {

namespace {

constexpr uint8_t kLastFragment = 0x80;
constexpr uint8_t kReserved = 0x70;
constexpr uint8_t kMasked = 0x80;
constexpr uint8_t kLength16 = 126;
constexpr uint8_t kLength64 = 127;

bool is_opcode(uint8_t value) { return value <= 0x2 || (value >= 0x8 && value <= 0xA); }

size_t length_bytes(uint8_t length) { return length == kLength16 ? 2 : length == kLength64 ? 8 : 0; }

}  // namespace

HeadResult read_frame_head(ByteView bytes, FrameHead& head) {
  if (bytes.size < 2) return HeadResult::NeedMore;
  const uint8_t first = bytes.data[0];
  const uint8_t length = bytes.data[1];
  const uint8_t opcode = first & 0x0F;
  if ((first & kReserved) != 0 || !is_opcode(opcode) || (length & kMasked) != 0) return HeadResult::Invalid;
  const bool is_control = opcode >= 0x8;
  if (is_control && ((first & kLastFragment) == 0 || length > kControlPayloadMaxBytes)) return HeadResult::Invalid;
  const size_t more = length_bytes(length);
  if (bytes.size < 2 + more) return HeadResult::NeedMore;
  uint64_t payload = more == 0 ? length : 0;
  for (size_t i = 0; i < more; ++i) payload = payload << 8 | bytes.data[2 + i];
  const uint64_t shortest = more == 2 ? kLength16 : more == 8 ? 0x10000 : 0;
  if (payload < shortest || payload >> 63 != 0) return HeadResult::Invalid;
  head = {static_cast<Opcode>(opcode), (first & kLastFragment) != 0, payload, 2 + more};
  return HeadResult::Ok;
}

size_t write_frame_head(Opcode opcode, size_t payload_bytes, const uint8_t (&mask)[4],
                        uint8_t (&into)[kFrameHeadMaxBytes]) {
  const uint8_t length = payload_bytes < kLength16   ? static_cast<uint8_t>(payload_bytes)
                         : payload_bytes <= 0xFFFF ? kLength16
                                                   : kLength64;
  size_t size = 0;
  into[size++] = static_cast<uint8_t>(kLastFragment | static_cast<uint8_t>(opcode));
  into[size++] = static_cast<uint8_t>(kMasked | length);
  for (size_t left = length_bytes(length); left > 0; --left)
    into[size++] = static_cast<uint8_t>(static_cast<uint64_t>(payload_bytes) >> (8 * (left - 1)));
  for (const uint8_t byte : mask) into[size++] = byte;
  return size;
}

}  // namespace fairlead::posix
