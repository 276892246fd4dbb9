#pragma once
#include <cstddef>
#include <cstdint>

#include "fairlead/bytes.hpp"

/** The frames of RFC 6455 as a client sees them. Beast's own stream can neither mask with zero nor show fragments. */
namespace fairlead::posix {

enum class Opcode : uint8_t { Continuation = 0x0, Text = 0x1, Binary = 0x2, Close = 0x8, Ping = 0x9, Pong = 0xA };

constexpr size_t kFrameHeadMaxBytes = 14;
constexpr size_t kControlPayloadMaxBytes = 125;

struct FrameHead {
  Opcode opcode = Opcode::Text;
  bool is_last = true;
  uint64_t payload_bytes = 0;
  /** Of the head itself. */
  size_t bytes = 0;
};

enum class HeadResult : uint8_t { Ok, NeedMore, Invalid };

/** The head of a frame from a server: masked ones, reserved bits, unknown opcodes and overlong lengths are Invalid. */
HeadResult read_frame_head(ByteView bytes, FrameHead& head);

/** The head of a whole masked frame; returns its bytes. The payload must then be XORed with `mask`. */
size_t write_frame_head(Opcode opcode, size_t payload_bytes, const uint8_t (&mask)[4],
                        uint8_t (&into)[kFrameHeadMaxBytes]);

}  // namespace fairlead::posix
