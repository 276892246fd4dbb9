#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fairlead/bytes.hpp"
#include "fairlead/flash_format.hpp"
#include "fairlead/limits.hpp"
#include "fairlead/ports.hpp"
#include "fairlead/record_class.hpp"

namespace fairlead {

/** What is beyond is not used: 256 sectors of 4 KiB are 1 MiB, some 16,000 records, and 1.5 KiB of RAM. */
constexpr size_t kLogSectorsMax = 256;
/** One open sector for each class and one to move on to. */
constexpr size_t kLogSectorsMin = 4;
/** The wear of a sector that holds old records may lag so far (or by a sixteenth, if that is more) before they move. */
constexpr uint32_t kWearLagMax = 4;
/** Acknowledged records between two progress blocks: so many at most are sent again after a power cut. */
constexpr uint32_t kProgressEvery = 64;
/** Lives whose time is known although some of their records do not say it; of more the newest. */
constexpr size_t kWallOffsetsMax = 8;

/** A record to store. */
struct LogEntry {
  RecordClass cls = RecordClass::Stream;
  uint32_t seq = 0;
  bool is_wall_time = false;
  bool is_channel = false;
  uint64_t time_ms = 0;
  std::string_view name;
  std::string_view json;  ///< Or the payload of a channel.
};

/** A place in the chain of a class. It stays good when sectors are dropped or move. */
struct LogCursor {
  uint32_t sequence = 0;  ///< Of the sector; 0: before the first.
  uint32_t offset = 0;    ///< In the sector.
};

/** A stored record, as front() finds it; read_body() gives its texts. */
struct LogRecord {
  RecordClass cls = RecordClass::Stream;
  RecordPosition position;
  bool is_wall_time = false;
  bool is_channel = false;
  uint64_t time_ms = 0;
  uint8_t name_bytes = 0;
  uint16_t body_bytes = 0;
  uint32_t address = 0;
};

/** What was lost since mount(). */
struct LogLosses {
  uint32_t dropped[kRecordClasses] = {};  ///< Records in sectors that a full log gave up.
  uint32_t torn_sectors = 0;              ///< Sectors that end in a torn or worn block, or could not be erased.
};

/**
 * A log of records on raw NOR flash, one chain of sectors for each class, taken from one pool. Within a chain records
 * stand in the order of (life, seq). What append() called Ok survives a power cut at any later moment, until it is
 * released or dropped. When the pool is used up, the oldest sector of streams goes, then of latest values, then of
 * events; a stream never displaces an event.
 *
 * Sectors are taken in turn around the region. Where old records would keep one from being erased while the others
 * wear, they move, so the wear stays even.
 */
class FlashLog {
 public:
  explicit FlashLog(FlashRegion* region) : region_(region) {}

  /**
   * Reads all sector headers, then the blocks twice. `start_hint`: where a log that is empty begins, so that erased
   * devices do not all wear the same sector. NotReady: no flash, or too small. IoError: it cannot be read.
   */
  Status mount(std::string_view boot_id, uint32_t start_hint);
  bool is_mounted() const { return mounted_; }
  /** This start's number; those of records of earlier starts are lower. */
  uint32_t life() const { return life_; }
  /** The highest seq of `boot_id` that mount() found, 0 = none. */
  uint32_t highest_seq_of_boot() const { return highest_seq_; }
  /** Records of binary channels that mount() found. */
  uint32_t channels_found() const { return channels_found_; }

  /**
   * Ok: it is in flash and was read back. Full: nothing may be dropped for it. Invalid: not above the last of its
   * class. IoError: the flash takes no more; what it holds stays, but for at most one sector of a full log.
   */
  Status append(const LogEntry& entry);

  /** The first record of a class from `cursor` on, which moves there. NotFound: none. IoError: not readable now. */
  Status front(RecordClass cls, LogCursor& cursor, LogRecord& record);
  /** Past the record that front() gave. */
  void skip(LogCursor& cursor, const LogRecord& record) const;
  Status read_body(const LogRecord& record, MutableBytes into) const;
  /** The boot id of the life of a record; valid until the next call. NotFound: its sector lost it. */
  Status boot_of(const LogRecord& record, std::string_view& boot);

  /** The first record of a class that is not released, as a place to start from. */
  LogCursor oldest(RecordClass cls) const { return oldest_[index(cls)]; }
  /** The first record of a class is done for. */
  Status release_front(RecordClass cls);
  /** Everything before `first_live` is done. Written with the next sector that is begun, or by save_progress(). */
  void note_progress(const RecordPosition& first_live);
  /** Makes it last now. Costs one block of 32 bytes. Full: it would cost records, so it is left out. */
  Status save_progress();

  /** Keeps the time of this life for those of its records that were stored before it was known. Full: no room now. */
  Status save_wall_offset(int64_t wall_minus_mono_ms);
  bool wall_offset_of(uint32_t life, int64_t& wall_minus_mono_ms) const;

  size_t live_records() const { return live_[0] + live_[1] + live_[2]; }
  size_t live_records(RecordClass cls) const { return live_[index(cls)]; }
  uint32_t erase_count(size_t sector) const;
  /** The erase count of the sector that has the highest. */
  uint32_t most_erasures() const { return most_erasures_; }
  const LogLosses& losses() const { return losses_; }
  size_t sectors() const { return sectors_; }
  size_t bytes() const { return mounted_ ? sectors_ * sector_bytes_ : 0; }
  Status erase_all();

 private:
  enum class SectorUse : uint8_t { Latest, Stream, Event, Free, Bad };  // the first three as RecordClass
  enum class BlockState : uint8_t { Whole, Blank, Broken };
  static constexpr uint16_t kNone = UINT16_MAX;
  struct Head {  ///< The sector that a class is written to.
    uint16_t sector = kNone;
    uint32_t offset = 0;
    uint32_t boot_life = 0;  ///< Life whose boot block stands there.
    RecordPosition last;     ///< Of the class, in this sector or before.
  };
  struct SectorEnd {  ///< What a survey of a sector found at its end.
    uint32_t offset = 0, boot_life = 0;
    RecordPosition last;
    BlockState state = BlockState::Blank;
  };

  struct WallOffset {
    uint32_t life = 0;  ///< 0: free.
    int64_t wall_minus_mono_ms = 0;
  };

  // flash_log_mount.cpp
  void forget();
  void note_wall_offset(uint32_t life, int64_t wall_minus_mono_ms);
  Status read_headers(uint32_t start_hint);
  void keep_one_of_two(uint16_t one, uint16_t other);
  Status survey_sector(uint16_t sector, std::string_view boot_id, SectorEnd& end);
  Status survey_all(std::string_view boot_id);
  Status open_head(uint16_t sector, const SectorEnd& end);
  Status count_live(RecordClass cls);
  Status is_erased_from(uint16_t sector, uint32_t offset, bool& erased) const;
  // flash_log_sectors.cpp
  Status open_sector(RecordClass cls);
  Status take_sector(RecordClass cls, bool may_be_bad, uint16_t& sector, bool& dropped);
  Status begin_sector(uint16_t sector, RecordClass cls, uint32_t erase_count);
  Status retire_and_erase(uint16_t sector);
  uint16_t choose_victim(RecordClass for_class) const;
  void drop_sector(uint16_t sector);
  Status level_wear(uint16_t& sector, uint32_t& erase_count);
  Status move_sector(uint16_t from, uint16_t to, uint32_t to_erase_count);
  Status copy_blocks(uint16_t from, uint16_t to);
  uint32_t lowest_erase_count() const;
  bool read_header(uint16_t sector, flash_format::SectorHeader& header) const;
  uint16_t next_with(SectorUse use) const;
  size_t free_sectors() const;
  void free_passed(RecordClass cls);
  // flash_log.cpp
  Status write_block(Head& head, const flash_format::BlockHead& block, std::string_view name, std::string_view rest);
  Status write_boot(Head& head);
  Status write_into_any_head(const flash_format::BlockHead& block);
  Status read_block(uint16_t sector, uint32_t offset, flash_format::BlockHead& block, BlockState& state) const;
  Status program_verified(uint32_t address, ByteView bytes);
  uint16_t sector_at(RecordClass cls, uint32_t sequence) const;
  uint16_t sector_after(RecordClass cls, uint32_t sequence) const;
  uint32_t room_in(const Head& head) const;
  uint32_t address_of(uint16_t sector, uint32_t offset) const {
    return static_cast<uint32_t>(sector * sector_bytes_ + offset);
  }
  Status read_at(uint32_t address, uint8_t* into, size_t bytes) const { return region_->read(address, {into, bytes}); }
  bool is_used(uint16_t sector) const { return use_of_[sector] < SectorUse::Free; }
  static size_t index(RecordClass cls) { return static_cast<size_t>(cls); }

  FlashRegion* region_;
  size_t sectors_ = 0, sector_bytes_ = 0;
  bool mounted_ = false, may_drop_ = true;
  uint32_t life_ = 1, last_sequence_ = 0, highest_seq_ = 0, channels_found_ = 0;
  uint16_t last_sector_ = 0;  ///< Where the search for a free one goes on.
  RecordPosition first_live_, first_live_saved_;
  char boot_id_[limits::kBootIdMaxBytes + 1] = {};
  char other_boot_[limits::kBootIdMaxBytes + 1] = {};  ///< Of other_life_: the one asked for last.
  uint32_t other_life_ = 0;
  uint32_t sequence_of_[kLogSectorsMax] = {};
  SectorUse use_of_[kLogSectorsMax] = {};
  Head heads_[kRecordClasses];
  LogCursor oldest_[kRecordClasses];
  uint32_t live_[kRecordClasses] = {};
  uint32_t most_erasures_ = 0;
  WallOffset wall_offsets_[kWallOffsetsMax];
  LogLosses losses_;
};

}  // namespace fairlead
