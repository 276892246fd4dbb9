#pragma once
#include <cstddef>
#include <cstdint>

#include "fairlead/bytes.hpp"
#include "fairlead/record_class.hpp"

/**
 * The bytes of the log, little-endian. Everything begins at a multiple of 16 and is programmed once, so it works under
 * flash encryption, where a second program of a word destroys it.
 *
 *   sector  = header (32 bytes), room for the word that says "about to be erased", then blocks until the first that is
 *             not whole
 *   block   = head (24 bytes), body, 0xFF up to the next multiple of 16
 */
namespace fairlead::flash_format {

constexpr size_t kWordBytes = 16;
constexpr uint32_t kMagic = 0x474F4C46;  ///< "FLOG"
constexpr uint16_t kVersion = 1;
/**
 * No flash lives to see such a number of sectors or starts. What says so is not believed, and a log that gets there
 * takes no more, so these numbers never wrap.
 */
constexpr uint32_t kCountMax = 0xF0000000;

struct SectorHeader {
  RecordClass cls = RecordClass::Stream;  ///< A sector holds records of one class.
  uint32_t sequence = 0;                  ///< From 1, rises with each sector that is opened.
  uint32_t erase_count = 0;
  uint32_t life = 0;                      ///< From 1: the life in which it was opened.
  RecordPosition first_live;              ///< Everything before this was acknowledged when it was opened.
};
constexpr size_t kSectorHeaderBytes = 32;
/**
 * The word behind the header. An erase that the power interrupts may leave a header that looks good over cells that
 * do not hold; with this word written before, nobody believes such a sector.
 */
constexpr uint8_t kRetired[kWordBytes] = {'r', 'e', 't', 'i', 'r', 'e', 'd', 0, 0, 0, 0, 0, 0, 0, 0, 0};
constexpr size_t kFirstBlockAt = kSectorHeaderBytes + kWordBytes;
void encode(const SectorHeader& header, uint8_t into[kSectorHeaderBytes]);
/** `from` has kFirstBlockAt bytes. False: not a header of this version. */
bool decode(const uint8_t* from, SectorHeader& header);
bool is_retired(const uint8_t* from);

enum class BlockKind : uint8_t {
  Record = 1,  ///< name and JSON, or channel and payload
  Boot = 2,    ///< boot id of the life of the records that follow in this sector
  Progress = 3,  ///< Everything before this position is acknowledged.
  Time = 4       ///< `time_ms` is Unix time minus mono time of its life, known later than its first records.
};

struct BlockHead {
  BlockKind kind = BlockKind::Record;
  bool is_wall_time = false;  ///< time_ms is Unix time, else mono time of its life.
  bool is_channel = false;    ///< Of a record: name and payload of a binary channel [B-1].
  uint8_t name_bytes = 0;     ///< The body begins with the name.
  uint16_t body_bytes = 0;
  RecordPosition position;
  uint64_t time_ms = 0;
};
constexpr size_t kBlockHeadBytes = 24;
constexpr size_t kBlockBodyMaxBytes = 1024;

constexpr size_t block_bytes(size_t body_bytes) {
  return (kBlockHeadBytes + body_bytes + kWordBytes - 1) / kWordBytes * kWordBytes;
}
/** The body comes in two parts: name and JSON. The CRC covers head and body. */
void encode(const BlockHead& head, ByteView name, ByteView rest, uint8_t into[kBlockHeadBytes]);
/**
 * False: no block begins here. `crc` is the one that is stored; `crc_of_head` is to be gone on with over the body and
 * then compared with it.
 */
bool decode(const uint8_t from[kBlockHeadBytes], BlockHead& head, uint32_t& crc, uint32_t& crc_of_head);

}  // namespace fairlead::flash_format
