#include "fairlead/flash_log.hpp"

namespace fairlead {

using flash_format::BlockHead;
using flash_format::SectorHeader;
using flash_format::block_bytes;
using flash_format::kFirstBlockAt;
using flash_format::kSectorHeaderBytes;

namespace {

/** A sector that cannot be erased or written is set aside, and another one is tried. */
constexpr uint32_t kSectorTries = 3;

}  // namespace

Status FlashLog::open_sector(RecordClass cls) {
  if (last_sequence_ + 1 + kSectorTries >= flash_format::kCountMax) return Status::Full;
  for (uint32_t i = 0; i < kSectorTries; ++i) {
    uint16_t sector = kNone;
    bool dropped = false;
    Status status = take_sector(cls, i == 0, sector, dropped);
    if (status != Status::Ok) return status;
    last_sector_ = sector;
    SectorHeader old;
    uint32_t erased = read_header(sector, old) ? old.erase_count : lowest_erase_count();
    status = level_wear(sector, erased);
    if (status == Status::Ok) status = begin_sector(sector, cls, erased + 1);
    if (status == Status::Ok) {
      may_drop_ = true;
      free_passed(cls);
      return status;
    }
    use_of_[sector] = SectorUse::Bad;
    ++losses_.torn_sectors;
    if (dropped) may_drop_ = false;
  }
  return Status::IoError;
}

/**
 * A free one, else one that was set aside before, else the loser of a full log. Once a loser could not be written
 * either, no more records are given up for a flash that is broken.
 */
Status FlashLog::take_sector(RecordClass cls, bool may_be_bad, uint16_t& sector, bool& dropped) {
  sector = next_with(SectorUse::Free);
  if (sector == kNone && may_be_bad) sector = next_with(SectorUse::Bad);
  if (sector != kNone) return Status::Ok;
  if (!may_drop_) return Status::IoError;
  sector = choose_victim(cls);
  if (sector == kNone) return Status::Full;
  drop_sector(sector);
  dropped = true;
  return Status::Ok;
}

Status FlashLog::begin_sector(uint16_t sector, RecordClass cls, uint32_t erase_count) {
  if (retire_and_erase(sector) != Status::Ok) return Status::IoError;
  SectorHeader header;
  header.cls = cls;
  header.sequence = last_sequence_ + 1;
  header.erase_count = erase_count < flash_format::kCountMax ? erase_count : flash_format::kCountMax - 1;
  header.life = life_;
  header.first_live = first_live_;
  uint8_t bytes[kSectorHeaderBytes];
  flash_format::encode(header, bytes);
  ++last_sequence_;  // used up, also when it fails halfway
  if (header.erase_count > most_erasures_) most_erasures_ = header.erase_count;
  if (program_verified(address_of(sector, 0), {bytes, sizeof bytes}) != Status::Ok) return Status::IoError;
  use_of_[sector] = static_cast<SectorUse>(cls);
  sequence_of_[sector] = header.sequence;
  Head& head = heads_[index(cls)];
  head.sector = sector;
  head.offset = kFirstBlockAt;
  head.boot_life = 0;
  first_live_saved_ = header.first_live;
  return Status::Ok;
}

/** Not where there is no header: nobody would believe that sector anyway, and the word may be programmed already. */
Status FlashLog::retire_and_erase(uint16_t sector) {
  uint8_t bytes[kFirstBlockAt];
  SectorHeader header;
  if (read_at(address_of(sector, 0), bytes, sizeof bytes) != Status::Ok) return Status::IoError;
  bool blank = true;
  for (size_t i = kSectorHeaderBytes; i < sizeof bytes; ++i) blank = blank && bytes[i] == 0xFF;
  if (blank && flash_format::decode(bytes, header)) {
    const uint32_t at = address_of(sector, kSectorHeaderBytes);
    const ByteView mark = {flash_format::kRetired, sizeof flash_format::kRetired};
    if (region_->program(at, mark) != Status::Ok) return Status::IoError;
  }
  return region_->erase_sector(address_of(sector, 0));
}

/** The loser of a full log: streams, then latest values, then events; never one of a better class than `for_class`. */
uint16_t FlashLog::choose_victim(RecordClass for_class) const {
  const RecordClass order[] = {RecordClass::Stream, RecordClass::Latest, RecordClass::Event};
  for (const RecordClass cls : order) {
    const uint16_t sector = sector_after(cls, 0);
    if (sector != kNone) return sector;
    if (cls == for_class) break;
  }
  return kNone;
}

void FlashLog::drop_sector(uint16_t sector) {
  const size_t cls = static_cast<size_t>(use_of_[sector]);
  const LogCursor& oldest = oldest_[cls];
  uint32_t lost = 0;
  BlockHead block;
  BlockState state = BlockState::Blank;
  for (uint32_t offset = kFirstBlockAt; read_block(sector, offset, block, state) == Status::Ok;) {
    if (state != BlockState::Whole) break;
    const bool is_oldest = sequence_of_[sector] == oldest.sequence;
    const bool released = is_oldest ? offset < oldest.offset : sequence_of_[sector] < oldest.sequence;
    if (block.kind == flash_format::BlockKind::Record && !released) ++lost;
    offset += static_cast<uint32_t>(block_bytes(block.body_bytes));
  }
  losses_.dropped[cls] += lost;
  live_[cls] -= lost < live_[cls] ? lost : live_[cls];
  if (heads_[cls].sector == sector) heads_[cls].sector = kNone;
  use_of_[sector] = SectorUse::Free;
}

/**
 * `sector` is free and was erased `erase_count` times. Where the least worn of the sectors in use lags too far behind,
 * its records move to `sector`, and the place they leave is the one to write to.
 */
Status FlashLog::level_wear(uint16_t& sector, uint32_t& erase_count) {
  uint16_t coldest = kNone;
  uint32_t coldest_count = 0;
  for (uint16_t other = 0; other < sectors_; ++other) {
    SectorHeader header;
    if (!is_used(other) || !read_header(other, header)) continue;
    if (coldest != kNone && header.erase_count >= coldest_count) continue;
    coldest = other;
    coldest_count = header.erase_count;
  }
  const uint32_t lag_max = erase_count / 16 > kWearLagMax ? erase_count / 16 : kWearLagMax;
  if (coldest == kNone || erase_count < coldest_count + lag_max) return Status::Ok;
  const Status status = move_sector(coldest, sector, erase_count + 1);
  if (status != Status::Ok) return status;
  sector = coldest;
  erase_count = coldest_count;
  return Status::Ok;
}

/** The header goes last: until it is there, the old place counts; afterwards the new one does, by its erase count. */
Status FlashLog::move_sector(uint16_t from, uint16_t to, uint32_t to_erase_count) {
  SectorHeader header;
  if (!read_header(from, header)) return Status::IoError;
  if (retire_and_erase(to) != Status::Ok) return Status::IoError;
  if (copy_blocks(from, to) != Status::Ok) return Status::IoError;
  header.erase_count = to_erase_count < flash_format::kCountMax ? to_erase_count : flash_format::kCountMax - 1;
  if (header.erase_count > most_erasures_) most_erasures_ = header.erase_count;
  uint8_t bytes[kSectorHeaderBytes];
  flash_format::encode(header, bytes);
  if (program_verified(address_of(to, 0), {bytes, sizeof bytes}) != Status::Ok) return Status::IoError;
  use_of_[to] = use_of_[from];
  sequence_of_[to] = sequence_of_[from];
  use_of_[from] = SectorUse::Free;
  for (Head& head : heads_) {
    if (head.sector == from) head.sector = to;
  }
  return Status::Ok;
}

Status FlashLog::copy_blocks(uint16_t from, uint16_t to) {
  uint8_t piece[64];
  BlockHead block;
  BlockState state = BlockState::Blank;
  for (uint32_t offset = kFirstBlockAt;;) {
    if (read_block(from, offset, block, state) != Status::Ok) return Status::IoError;
    if (state != BlockState::Whole) return Status::Ok;
    const uint32_t end = offset + static_cast<uint32_t>(block_bytes(block.body_bytes));
    while (offset < end) {
      const size_t part = end - offset < sizeof piece ? end - offset : sizeof piece;
      if (read_at(address_of(from, offset), piece, part) != Status::Ok) return Status::IoError;
      if (program_verified(address_of(to, offset), {piece, part}) != Status::Ok) return Status::IoError;
      offset += static_cast<uint32_t>(part);
    }
  }
}

bool FlashLog::read_header(uint16_t sector, SectorHeader& header) const {
  uint8_t bytes[kFirstBlockAt];
  return read_at(address_of(sector, 0), bytes, sizeof bytes) == Status::Ok && flash_format::decode(bytes, header);
}

uint32_t FlashLog::erase_count(size_t sector) const {
  SectorHeader header;
  return read_header(static_cast<uint16_t>(sector), header) ? header.erase_count : 0;
}

/** For a sector that was never used, or lost its count in a power cut: all are worn alike. */
uint32_t FlashLog::lowest_erase_count() const {
  uint32_t lowest = UINT32_MAX;
  for (uint16_t sector = 0; sector < sectors_; ++sector) {
    SectorHeader header;
    if (read_header(sector, header) && header.erase_count < lowest) lowest = header.erase_count;
  }
  return lowest == UINT32_MAX || lowest == 0 ? 0 : lowest - 1;
}

uint16_t FlashLog::next_with(SectorUse use) const {
  for (size_t i = 1; i <= sectors_; ++i) {
    const size_t sector = (last_sector_ + i) % sectors_;
    if (use_of_[sector] == use) return static_cast<uint16_t>(sector);
  }
  return kNone;
}

size_t FlashLog::free_sectors() const {
  size_t count = 0;
  for (size_t sector = 0; sector < sectors_; ++sector) count += use_of_[sector] == SectorUse::Free ? 1 : 0;
  return count;
}

/** The sectors of a class that lie before its oldest record; the one that is written to stays. */
void FlashLog::free_passed(RecordClass cls) {
  LogCursor& oldest = oldest_[index(cls)];
  LogRecord record;
  const Status status = front(cls, oldest, record);
  for (uint16_t sector = 0; sector < sectors_; ++sector) {
    if (use_of_[sector] != static_cast<SectorUse>(cls) || heads_[index(cls)].sector == sector) continue;
    if (sequence_of_[sector] < oldest.sequence || status == Status::NotFound) use_of_[sector] = SectorUse::Free;
  }
}

uint16_t FlashLog::sector_at(RecordClass cls, uint32_t sequence) const {
  for (uint16_t sector = 0; sector < sectors_; ++sector) {
    if (use_of_[sector] == static_cast<SectorUse>(cls) && sequence_of_[sector] == sequence) return sector;
  }
  return kNone;
}

uint16_t FlashLog::sector_after(RecordClass cls, uint32_t sequence) const {
  uint16_t found = kNone;
  for (uint16_t sector = 0; sector < sectors_; ++sector) {
    if (use_of_[sector] != static_cast<SectorUse>(cls) || sequence_of_[sector] <= sequence) continue;
    if (found == kNone || sequence_of_[sector] < sequence_of_[found]) found = sector;
  }
  return found;
}

Status FlashLog::erase_all() {
  if (region_ == nullptr || sectors_ == 0) return Status::NotReady;
  Status status = Status::Ok;
  for (uint16_t sector = 0; sector < sectors_; ++sector) {
    if (region_->erase_sector(address_of(sector, 0)) != Status::Ok) status = Status::IoError;
  }
  const uint16_t start = last_sector_;
  forget();
  last_sector_ = start;
  mounted_ = status == Status::Ok;
  return status;
}

}  // namespace fairlead
