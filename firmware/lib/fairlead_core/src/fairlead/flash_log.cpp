#include "fairlead/flash_log.hpp"

#include <cstring>

#include "fairlead/crc32.hpp"
#include "fairlead/names.hpp"

namespace fairlead {

using flash_format::BlockHead;
using flash_format::BlockKind;
using flash_format::block_bytes;
using flash_format::kBlockHeadBytes;
using flash_format::kFirstBlockAt;

namespace {

/** Read and written in pieces of this size: most records are one piece, and it is small enough for a task's stack. */
constexpr size_t kPieceBytes = 256;
/** A write that failed is tried again in the next sector, then given up. */
constexpr int kAppendTries = 2;

}  // namespace

Status FlashLog::append(const LogEntry& entry) {
  if (!mounted_) return Status::NotReady;
  const size_t body_bytes = entry.name.size() + entry.json.size();
  if (body_bytes > flash_format::kBlockBodyMaxBytes || entry.name.size() > UINT8_MAX) return Status::TooLarge;
  Head& head = heads_[index(entry.cls)];
  BlockHead block;
  block.kind = BlockKind::Record;
  block.is_wall_time = entry.is_wall_time;
  block.is_channel = entry.is_channel;
  block.name_bytes = static_cast<uint8_t>(entry.name.size());
  block.body_bytes = static_cast<uint16_t>(body_bytes);
  block.position = {life_, entry.seq};
  block.time_ms = entry.time_ms;
  if (!(head.last < block.position)) return Status::Invalid;

  Status status = Status::IoError;
  for (int i = 0; i < kAppendTries && status == Status::IoError; ++i) {
    const size_t boot_bytes = head.boot_life == life_ ? 0 : block_bytes(std::strlen(boot_id_));
    if (room_in(head) < boot_bytes + block_bytes(body_bytes)) {
      status = open_sector(entry.cls);
      if (status != Status::Ok) continue;
    }
    status = head.boot_life == life_ ? Status::Ok : write_boot(head);
    if (status == Status::Ok) status = write_block(head, block, entry.name, entry.json);
  }
  if (status != Status::Ok) return status;
  head.last = block.position;
  ++live_[index(entry.cls)];
  return Status::Ok;
}

uint32_t FlashLog::room_in(const Head& head) const {
  return head.sector == kNone ? 0 : static_cast<uint32_t>(sector_bytes_ - head.offset);
}

Status FlashLog::write_boot(Head& head) {
  BlockHead block;
  block.kind = BlockKind::Boot;
  block.body_bytes = static_cast<uint16_t>(std::strlen(boot_id_));
  block.position.life = life_;
  const Status status = write_block(head, block, {}, boot_id_);
  if (status == Status::Ok) head.boot_life = life_;
  return status;
}

Status FlashLog::write_block(Head& head, const BlockHead& block, std::string_view name, std::string_view rest) {
  uint8_t piece[kPieceBytes];
  flash_format::encode(block, bytes_of(name), bytes_of(rest), piece);
  const size_t total = block_bytes(block.body_bytes);
  size_t filled = kBlockHeadBytes, written = 0, at = 0;
  while (written < total) {
    for (; filled < kPieceBytes && written + filled < total; ++filled, ++at) {
      const bool in_name = at < name.size();
      const bool in_body = at < name.size() + rest.size();
      piece[filled] = 0xFF;
      if (in_body) piece[filled] = static_cast<uint8_t>(in_name ? name[at] : rest[at - name.size()]);
    }
    const uint32_t address = address_of(head.sector, head.offset + static_cast<uint32_t>(written));
    if (program_verified(address, {piece, filled}) != Status::Ok) {
      head.sector = kNone;  // what stands there now cannot be programmed again
      ++losses_.torn_sectors;
      return Status::IoError;
    }
    written += filled;
    filled = 0;
  }
  head.offset += static_cast<uint32_t>(total);
  return Status::Ok;
}

Status FlashLog::program_verified(uint32_t address, ByteView bytes) {
  if (region_->program(address, bytes) != Status::Ok) return Status::IoError;
  uint8_t back[kPieceBytes / 4];
  for (size_t done = 0; done < bytes.size; done += sizeof back) {
    const size_t part = bytes.size - done < sizeof back ? bytes.size - done : sizeof back;
    if (read_at(address + static_cast<uint32_t>(done), back, part) != Status::Ok) return Status::IoError;
    if (std::memcmp(back, bytes.data + done, part) != 0) return Status::IoError;
  }
  return Status::Ok;
}

Status FlashLog::read_block(uint16_t sector, uint32_t offset, BlockHead& block, BlockState& state) const {
  state = BlockState::Blank;
  if (offset + kBlockHeadBytes > sector_bytes_) return Status::Ok;
  uint8_t piece[kPieceBytes / 4];
  const uint32_t address = address_of(sector, offset);
  if (read_at(address, piece, kBlockHeadBytes) != Status::Ok) return Status::IoError;
  size_t erased = 0;
  while (erased < kBlockHeadBytes && piece[erased] == 0xFF) ++erased;
  if (erased == kBlockHeadBytes) return Status::Ok;

  state = BlockState::Broken;
  uint32_t stored_crc = 0, crc = 0;
  if (!flash_format::decode(piece, block, stored_crc, crc)) return Status::Ok;
  if (block_bytes(block.body_bytes) > sector_bytes_ - offset) return Status::Ok;
  for (size_t done = 0; done < block.body_bytes; done += sizeof piece) {
    const size_t left = block.body_bytes - done;
    const size_t part = left < sizeof piece ? left : sizeof piece;
    const uint32_t from = address + static_cast<uint32_t>(kBlockHeadBytes + done);
    if (read_at(from, piece, part) != Status::Ok) return Status::IoError;
    crc = crc32({piece, part}, crc);
  }
  if (crc == stored_crc) state = BlockState::Whole;
  return Status::Ok;
}

Status FlashLog::front(RecordClass cls, LogCursor& cursor, LogRecord& record) {
  if (!mounted_) return Status::NotFound;
  const Head& head = heads_[index(cls)];
  uint16_t sector = sector_at(cls, cursor.sequence);
  for (;;) {
    BlockHead block;
    BlockState state = BlockState::Blank;
    if (sector != kNone) {
      if (sector == head.sector && cursor.offset >= head.offset) return Status::NotFound;
      if (read_block(sector, cursor.offset, block, state) != Status::Ok) return Status::IoError;
    }
    if (state != BlockState::Whole) {  // the end of this sector, or it is gone: on to the next
      sector = sector_after(cls, cursor.sequence);
      if (sector == kNone) return Status::NotFound;
      cursor = {sequence_of_[sector], kFirstBlockAt};
      continue;
    }
    if (block.kind == BlockKind::Record) {
      record.cls = cls;
      record.position = block.position;
      record.is_wall_time = block.is_wall_time;
      record.is_channel = block.is_channel;
      record.time_ms = block.time_ms;
      record.name_bytes = block.name_bytes;
      record.body_bytes = block.body_bytes;
      record.address = address_of(sector, cursor.offset);
      return Status::Ok;
    }
    cursor.offset += static_cast<uint32_t>(block_bytes(block.body_bytes));
  }
}

void FlashLog::skip(LogCursor& cursor, const LogRecord& record) const {
  cursor.offset += static_cast<uint32_t>(block_bytes(record.body_bytes));
}

Status FlashLog::read_body(const LogRecord& record, MutableBytes into) const {
  if (into.size < record.body_bytes) return Status::TooLarge;
  return read_at(record.address + static_cast<uint32_t>(kBlockHeadBytes), into.data, record.body_bytes);
}

Status FlashLog::boot_of(const LogRecord& record, std::string_view& boot) {
  const uint32_t life = record.position.life;
  if (life == life_ || life == other_life_) {
    boot = life == life_ ? boot_id_ : other_boot_;
    return Status::Ok;
  }
  const uint16_t sector = static_cast<uint16_t>(record.address / sector_bytes_);
  uint32_t offset = kFirstBlockAt;
  while (address_of(sector, offset) < record.address) {
    BlockHead block;
    BlockState state = BlockState::Blank;
    if (read_block(sector, offset, block, state) != Status::Ok) return Status::IoError;
    if (state != BlockState::Whole) return Status::NotFound;
    if (block.kind == BlockKind::Boot && block.position.life == life && block.body_bytes <= limits::kBootIdMaxBytes) {
      const uint32_t body = address_of(sector, offset) + static_cast<uint32_t>(kBlockHeadBytes);
      other_life_ = 0;
      uint8_t* into = reinterpret_cast<uint8_t*>(other_boot_);
      if (read_at(body, into, block.body_bytes) != Status::Ok) return Status::IoError;
      other_boot_[block.body_bytes] = 0;
      if (!is_boot_id(other_boot_)) return Status::NotFound;
      other_life_ = life;
      boot = other_boot_;
      return Status::Ok;
    }
    offset += static_cast<uint32_t>(block_bytes(block.body_bytes));
  }
  return Status::NotFound;
}

Status FlashLog::release_front(RecordClass cls) {
  LogCursor& cursor = oldest_[index(cls)];
  LogRecord record;
  const Status status = front(cls, cursor, record);
  if (status != Status::Ok) return status;
  skip(cursor, record);
  if (live_[index(cls)] > 0) --live_[index(cls)];
  const uint32_t sequence = cursor.sequence;
  if (front(cls, cursor, record) == Status::NotFound) live_[index(cls)] = 0;
  if (cursor.sequence != sequence || live_[index(cls)] == 0) free_passed(cls);
  return Status::Ok;
}

void FlashLog::note_progress(const RecordPosition& first_live) {
  if (first_live_ < first_live) first_live_ = first_live;
}

/** A block without a body, where one is open. Full: none has room. */
Status FlashLog::write_into_any_head(const BlockHead& block) {
  for (Head& head : heads_) {
    if (room_in(head) >= block_bytes(block.body_bytes)) return write_block(head, block, {}, {});
  }
  return Status::Full;
}

Status FlashLog::save_wall_offset(int64_t wall_minus_mono_ms) {
  if (!mounted_) return Status::NotReady;
  BlockHead block;
  block.kind = BlockKind::Time;
  block.position.life = life_;
  block.time_ms = static_cast<uint64_t>(wall_minus_mono_ms);
  return write_into_any_head(block);
}

bool FlashLog::wall_offset_of(uint32_t life, int64_t& wall_minus_mono_ms) const {
  for (const WallOffset& known : wall_offsets_) {
    if (known.life != life) continue;
    wall_minus_mono_ms = known.wall_minus_mono_ms;
    return true;
  }
  return false;
}

Status FlashLog::save_progress() {
  if (!mounted_) return Status::NotReady;
  if (!(first_live_saved_ < first_live_)) return Status::Ok;
  BlockHead block;
  block.kind = BlockKind::Progress;
  block.position = first_live_;
  const Status status = write_into_any_head(block);
  if (status == Status::Ok) first_live_saved_ = first_live_;
  if (status != Status::Full) return status;
  // A new sector says it in its header. Nothing is dropped for that.
  return free_sectors() > 1 ? open_sector(RecordClass::Stream) : Status::Full;
}

}  // namespace fairlead
