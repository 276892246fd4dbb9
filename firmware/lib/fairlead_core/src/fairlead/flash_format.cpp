#include "fairlead/flash_format.hpp"

#include <cstring>

#include "fairlead/crc32.hpp"
#include "fairlead/little_endian.hpp"

namespace fairlead::flash_format {
namespace {

// Sector header: magic 0, version 4, class 6, zero 7, sequence 8, erase count 12, life 16, first live 20, CRC 28.
constexpr size_t kHeaderCrcAt = 28;
// Block: body bytes 0, kind 2, name bytes 3, CRC 4, life 8, seq 12, time 16.
constexpr size_t kBlockCrcAt = 4;
constexpr uint8_t kWallTimeBit = 0x80, kChannelBit = 0x40;

uint32_t crc_without_itself(const uint8_t head[kBlockHeadBytes]) {
  const uint32_t crc = crc32({head, kBlockCrcAt});
  return crc32({head + kBlockCrcAt + 4, kBlockHeadBytes - kBlockCrcAt - 4}, crc);
}

}  // namespace

void encode(const SectorHeader& header, uint8_t into[kSectorHeaderBytes]) {
  put_little_endian<uint32_t>(into, kMagic);
  put_little_endian<uint16_t>(into + 4, kVersion);
  into[6] = static_cast<uint8_t>(header.cls);
  into[7] = 0;
  put_little_endian<uint32_t>(into + 8, header.sequence);
  put_little_endian<uint32_t>(into + 12, header.erase_count);
  put_little_endian<uint32_t>(into + 16, header.life);
  put_little_endian<uint32_t>(into + 20, header.first_live.life);
  put_little_endian<uint32_t>(into + 24, header.first_live.seq);
  put_little_endian<uint32_t>(into + kHeaderCrcAt, crc32({into, kHeaderCrcAt}));
}

bool decode(const uint8_t* from, SectorHeader& header) {
  if (get_little_endian<uint32_t>(from) != kMagic || get_little_endian<uint16_t>(from + 4) != kVersion) return false;
  if (get_little_endian<uint32_t>(from + kHeaderCrcAt) != crc32({from, kHeaderCrcAt})) return false;
  if (from[6] >= kRecordClasses) return false;
  header.cls = static_cast<RecordClass>(from[6]);
  header.sequence = get_little_endian<uint32_t>(from + 8);
  header.erase_count = get_little_endian<uint32_t>(from + 12);
  header.life = get_little_endian<uint32_t>(from + 16);
  header.first_live.life = get_little_endian<uint32_t>(from + 20);
  header.first_live.seq = get_little_endian<uint32_t>(from + 24);
  return header.sequence > 0 && header.life > 0 && header.sequence < kCountMax && header.erase_count < kCountMax &&
         header.life < kCountMax && header.first_live.life < kCountMax;
}

bool is_retired(const uint8_t* from) { return std::memcmp(from + kSectorHeaderBytes, kRetired, sizeof kRetired) == 0; }

void encode(const BlockHead& head, ByteView name, ByteView rest, uint8_t into[kBlockHeadBytes]) {
  put_little_endian<uint16_t>(into, head.body_bytes);
  into[2] = static_cast<uint8_t>(static_cast<uint8_t>(head.kind) | (head.is_wall_time ? kWallTimeBit : 0) |
                                 (head.is_channel ? kChannelBit : 0));
  into[3] = head.name_bytes;
  put_little_endian<uint32_t>(into + 8, head.position.life);
  put_little_endian<uint32_t>(into + 12, head.position.seq);
  put_little_endian<uint64_t>(into + 16, head.time_ms);
  const uint32_t crc = crc32(rest, crc32(name, crc_without_itself(into)));
  put_little_endian<uint32_t>(into + kBlockCrcAt, crc);
}

bool decode(const uint8_t from[kBlockHeadBytes], BlockHead& head, uint32_t& crc, uint32_t& crc_of_head) {
  head.body_bytes = get_little_endian<uint16_t>(from);
  const uint8_t kind = static_cast<uint8_t>(from[2] & ~(kWallTimeBit | kChannelBit));
  head.is_wall_time = (from[2] & kWallTimeBit) != 0;
  head.is_channel = (from[2] & kChannelBit) != 0;
  head.name_bytes = from[3];
  head.position.life = get_little_endian<uint32_t>(from + 8);
  head.position.seq = get_little_endian<uint32_t>(from + 12);
  head.time_ms = get_little_endian<uint64_t>(from + 16);
  if (kind < 1 || kind > 4 || head.body_bytes > kBlockBodyMaxBytes) return false;
  if (head.name_bytes > head.body_bytes || head.position.life == 0 || head.position.life >= kCountMax) return false;
  head.kind = static_cast<BlockKind>(kind);
  crc = get_little_endian<uint32_t>(from + kBlockCrcAt);
  crc_of_head = crc_without_itself(from);
  return true;
}

}  // namespace fairlead::flash_format
