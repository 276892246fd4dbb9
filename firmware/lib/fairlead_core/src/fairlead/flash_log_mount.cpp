#include <cstring>

#include "fairlead/flash_log.hpp"

namespace fairlead {

using flash_format::BlockHead;
using flash_format::BlockKind;
using flash_format::block_bytes;
using flash_format::kFirstBlockAt;

namespace {

/** A sector must hold the largest record with its boot block. */
constexpr size_t kSectorBytesMin =
    kFirstBlockAt + block_bytes(limits::kBootIdMaxBytes) + block_bytes(flash_format::kBlockBodyMaxBytes);

}  // namespace

void FlashLog::forget() {
  mounted_ = false;
  may_drop_ = true;
  life_ = 1;
  last_sequence_ = highest_seq_ = channels_found_ = other_life_ = 0;
  first_live_ = first_live_saved_ = {};
  for (size_t i = 0; i < kLogSectorsMax; ++i) {
    use_of_[i] = SectorUse::Free;
    sequence_of_[i] = 0;
  }
  for (size_t i = 0; i < kRecordClasses; ++i) {
    heads_[i] = {};
    oldest_[i] = {};
    live_[i] = 0;
  }
  for (WallOffset& known : wall_offsets_) known = {};
  most_erasures_ = 0;
  losses_ = {};
}

/** The latest of a life counts; the oldest life gives way. */
void FlashLog::note_wall_offset(uint32_t life, int64_t wall_minus_mono_ms) {
  WallOffset* place = &wall_offsets_[0];
  for (WallOffset& known : wall_offsets_) {
    if (known.life == life) place = &known;
    if (place->life != life && known.life < place->life) place = &known;
  }
  if (place->life <= life) *place = {life, wall_minus_mono_ms};
}

Status FlashLog::mount(std::string_view boot_id, uint32_t start_hint) {
  forget();
  if (boot_id.empty() || boot_id.size() > limits::kBootIdMaxBytes) return Status::Invalid;
  std::memcpy(boot_id_, boot_id.data(), boot_id.size());
  boot_id_[boot_id.size()] = 0;
  if (region_ == nullptr) return Status::NotReady;
  sector_bytes_ = region_->sector_size();
  if (sector_bytes_ < kSectorBytesMin || sector_bytes_ % flash_format::kWordBytes != 0) return Status::NotReady;
  sectors_ = region_->size() / sector_bytes_;
  if (sectors_ < kLogSectorsMin) return Status::NotReady;
  if (sectors_ > kLogSectorsMax) sectors_ = kLogSectorsMax;

  Status status = read_headers(start_hint);
  if (status == Status::Ok) status = survey_all(boot_id);
  if (status != Status::Ok) return status;
  if (life_ >= flash_format::kCountMax) return Status::NotReady;
  mounted_ = true;
  for (size_t cls = 0; cls < kRecordClasses; ++cls) {
    status = count_live(static_cast<RecordClass>(cls));
    if (status == Status::Ok) continue;
    mounted_ = false;
    return status;
  }
  return Status::Ok;
}

Status FlashLog::read_headers(uint32_t start_hint) {
  last_sector_ = static_cast<uint16_t>(start_hint % sectors_);
  for (uint16_t sector = 0; sector < sectors_; ++sector) {
    uint8_t bytes[kFirstBlockAt];
    if (read_at(address_of(sector, 0), bytes, sizeof bytes) != Status::Ok) return Status::IoError;
    flash_format::SectorHeader header;
    if (!flash_format::decode(bytes, header)) continue;
    if (header.life >= life_) life_ = header.life + 1;
    if (header.erase_count > most_erasures_) most_erasures_ = header.erase_count;
    if (first_live_ < header.first_live) first_live_ = header.first_live;
    if (header.sequence > last_sequence_) {
      last_sequence_ = header.sequence;
      last_sector_ = sector;
    }
    sequence_of_[sector] = header.sequence;
    if (flash_format::is_retired(bytes)) continue;
    use_of_[sector] = static_cast<SectorUse>(header.cls);
    for (uint16_t other = 0; other < sector; ++other) {
      if (is_used(other) && sequence_of_[other] == header.sequence) keep_one_of_two(other, sector);
    }
  }
  return Status::Ok;
}

/** The power went after a sector had moved and before its old place was erased: the copy has the higher count. */
void FlashLog::keep_one_of_two(uint16_t one, uint16_t other) {
  const uint16_t loser = erase_count(one) > erase_count(other) ? other : one;
  use_of_[loser] = SectorUse::Free;
}

Status FlashLog::survey_all(std::string_view boot_id) {
  uint16_t newest[kRecordClasses] = {kNone, kNone, kNone};
  SectorEnd ends[kRecordClasses];
  for (uint16_t sector = 0; sector < sectors_; ++sector) {
    if (sequence_of_[sector] == 0) continue;
    SectorEnd end;
    if (survey_sector(sector, boot_id, end) != Status::Ok) return Status::IoError;
    // One that is not used any more still knows lives and progress: what comes now must be above all of them.
    if (!is_used(sector)) continue;
    if (end.state == BlockState::Broken) ++losses_.torn_sectors;
    const size_t cls = static_cast<size_t>(use_of_[sector]);
    if (newest[cls] == kNone || sequence_of_[sector] > sequence_of_[newest[cls]]) {
      if (newest[cls] != kNone && end.last < ends[cls].last) end.last = ends[cls].last;
      newest[cls] = sector;
      ends[cls] = end;
    } else if (ends[cls].last < end.last) {
      ends[cls].last = end.last;
    }
  }
  if (first_live_.life >= life_) life_ = first_live_.life + 1;
  first_live_saved_ = first_live_;
  for (size_t cls = 0; cls < kRecordClasses; ++cls) {
    if (newest[cls] != kNone && open_head(newest[cls], ends[cls]) != Status::Ok) return Status::IoError;
  }
  return Status::Ok;
}

Status FlashLog::survey_sector(uint16_t sector, std::string_view boot_id, SectorEnd& end) {
  bool is_this_boot = false;
  end.offset = kFirstBlockAt;
  for (;;) {
    BlockHead block;
    if (read_block(sector, end.offset, block, end.state) != Status::Ok) return Status::IoError;
    if (end.state != BlockState::Whole) return Status::Ok;
    if (block.position.life >= life_) life_ = block.position.life + 1;
    if (block.kind == BlockKind::Progress) {
      if (first_live_ < block.position) first_live_ = block.position;
    } else if (block.kind == BlockKind::Time) {
      note_wall_offset(block.position.life, static_cast<int64_t>(block.time_ms));
    } else if (block.kind == BlockKind::Boot) {
      uint8_t id[limits::kBootIdMaxBytes];
      const size_t bytes = block.body_bytes <= sizeof id ? block.body_bytes : 0;
      const uint32_t body = address_of(sector, end.offset) + static_cast<uint32_t>(flash_format::kBlockHeadBytes);
      if (read_at(body, id, bytes) != Status::Ok) return Status::IoError;
      is_this_boot = text_of({id, bytes}) == boot_id;
      end.boot_life = block.position.life;
    } else {
      if (end.last < block.position) end.last = block.position;
      if (is_this_boot && block.position.life == end.boot_life && block.position.seq > highest_seq_) {
        highest_seq_ = block.position.seq;
      }
    }
    end.offset += static_cast<uint32_t>(block_bytes(block.body_bytes));
  }
}

/** The newest sector of a class is written on where its rest is certainly erased. */
Status FlashLog::open_head(uint16_t sector, const SectorEnd& end) {
  Head& head = heads_[static_cast<size_t>(use_of_[sector])];
  head.last = end.last;
  bool erased = false;
  if (end.state == BlockState::Blank) {
    if (is_erased_from(sector, end.offset, erased) != Status::Ok) return Status::IoError;
  }
  if (!erased) return Status::Ok;
  head.sector = sector;
  head.offset = end.offset;
  head.boot_life = end.boot_life;
  return Status::Ok;
}

Status FlashLog::is_erased_from(uint16_t sector, uint32_t offset, bool& erased) const {
  uint8_t piece[64];
  erased = true;
  while (offset < sector_bytes_ && erased) {
    const size_t left = sector_bytes_ - offset;
    const size_t part = left < sizeof piece ? left : sizeof piece;
    if (read_at(address_of(sector, offset), piece, part) != Status::Ok) return Status::IoError;
    for (size_t i = 0; i < part; ++i) erased = erased && piece[i] == 0xFF;
    offset += static_cast<uint32_t>(part);
  }
  return Status::Ok;
}

/** Finds the first record that is not acknowledged, frees the sectors before it, and counts from there. */
Status FlashLog::count_live(RecordClass cls) {
  LogCursor& oldest = oldest_[index(cls)];
  LogRecord record;
  Status status = front(cls, oldest, record);
  while (status == Status::Ok && record.position < first_live_) {
    skip(oldest, record);
    status = front(cls, oldest, record);
  }
  LogCursor cursor = oldest;
  while (status == Status::Ok) {
    ++live_[index(cls)];
    channels_found_ += record.is_channel ? 1 : 0;
    skip(cursor, record);
    status = front(cls, cursor, record);
  }
  if (status != Status::NotFound) return status;
  free_passed(cls);
  return Status::Ok;
}

}  // namespace fairlead
