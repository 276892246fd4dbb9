#include "fairlead/command_memory.hpp"

#include <cstring>

#include "fairlead/crc32.hpp"
#include "fairlead/device_frames.hpp"
#include "fairlead/little_endian.hpp"
#include "fairlead/names.hpp"

namespace fairlead {
namespace {

// An entry: version 0, state 1, id bytes 2, zero 3, order 4, writes 8, frame bytes 12, zero 14, CRC 16, id 20, frame.
constexpr uint8_t kVersion = 1, kStarted = 1, kFinished = 2;
constexpr size_t kCrcAt = 16, kIdAt = 20;
constexpr size_t kEntryMaxBytes = kIdAt + limits::kNameMaxBytes + limits::kResultMaxBytes;
/** `{"type":"result","id":"…64…","ok":false,"error":{"code":"result_too_large","message":"…"}}` */
constexpr size_t kReplacementBytes = 256;

struct Key {
  explicit Key(size_t slot)
      : text{'c', 'm', 'd', static_cast<char>('0' + slot / 10), static_cast<char>('0' + slot % 10), 0} {}
  char text[6];
};

uint32_t crc_of(const uint8_t* entry, size_t size) {
  return crc32({entry + kIdAt, size - kIdAt}, crc32({entry, kCrcAt}));
}

bool is_whole(const uint8_t* entry, size_t size) {
  if (size < kIdAt || entry[0] != kVersion || entry[2] == 0 || entry[2] > limits::kNameMaxBytes) return false;
  if (entry[1] != kStarted && entry[1] != kFinished) return false;
  if (size != kIdAt + entry[2] + get_little_endian<uint16_t>(entry + 12)) return false;
  return get_little_endian<uint32_t>(entry + kCrcAt) == crc_of(entry, size);
}

}  // namespace

Status CommandMemory::begin() {
  writes_ = last_order_ = unreadable_ = 0;
  for (size_t slot = 0; slot < limits::kCommandIdsRemembered; ++slot) {
    entries_[slot] = {};
    const Status status = load(slot);
    if (status == Status::IoError) return status;
    if (status == Status::Invalid) ++unreadable_;
  }
  return Status::Ok;
}

Status CommandMemory::load(size_t slot) {
  uint8_t bytes[kEntryMaxBytes];
  size_t size = 0;
  const Status status = store_.get(Key(slot).text, {bytes, sizeof bytes}, size);
  if (status == Status::TooLarge) return Status::Invalid;
  if (status != Status::Ok) return status;
  if (!is_whole(bytes, size)) return Status::Invalid;
  Entry& entry = entries_[slot];
  entry.id_bytes = bytes[2];
  std::memcpy(entry.id, bytes + kIdAt, entry.id_bytes);
  entry.id[entry.id_bytes] = 0;
  entry.state = bytes[1] == kFinished ? CommandState::Finished : CommandState::Interrupted;  // [C-15]
  entry.order = get_little_endian<uint32_t>(bytes + 4);
  const uint32_t writes = get_little_endian<uint32_t>(bytes + 8);
  if (entry.order > last_order_) last_order_ = entry.order;
  if (writes > writes_) writes_ = writes;
  return Status::Ok;
}

int CommandMemory::slot_of(std::string_view id) const {
  for (size_t slot = 0; slot < limits::kCommandIdsRemembered; ++slot) {
    const Entry& entry = entries_[slot];
    if (entry.state == CommandState::Unknown) continue;
    if (id == std::string_view(entry.id, entry.id_bytes)) return static_cast<int>(slot);
  }
  return -1;
}

CommandState CommandMemory::find(std::string_view id) const {
  const int slot = slot_of(id);
  return slot < 0 ? CommandState::Unknown : entries_[slot].state;
}

/** An empty one, else the oldest that is finished, else the oldest that was interrupted; -1: all run. */
int CommandMemory::slot_for_new() const {
  const CommandState order[] = {CommandState::Unknown, CommandState::Finished, CommandState::Interrupted};
  for (const CommandState state : order) {
    int found = -1;
    for (size_t slot = 0; slot < limits::kCommandIdsRemembered; ++slot) {
      if (entries_[slot].state != state) continue;
      if (found < 0 || entries_[slot].order < entries_[found].order) found = static_cast<int>(slot);
    }
    if (found >= 0) return found;
  }
  return -1;
}

Status CommandMemory::write(size_t slot, const Entry& entry, ByteView frame) {
  uint8_t bytes[kEntryMaxBytes] = {};
  bytes[0] = kVersion;
  bytes[1] = entry.state == CommandState::Finished ? kFinished : kStarted;
  bytes[2] = entry.id_bytes;
  put_little_endian<uint32_t>(bytes + 4, entry.order);
  put_little_endian<uint32_t>(bytes + 8, writes_ + 1);
  put_little_endian<uint16_t>(bytes + 12, static_cast<uint16_t>(frame.size));
  std::memcpy(bytes + kIdAt, entry.id, entry.id_bytes);
  if (frame.size > 0) std::memcpy(bytes + kIdAt + entry.id_bytes, frame.data, frame.size);
  const size_t size = kIdAt + entry.id_bytes + frame.size;
  put_little_endian<uint32_t>(bytes + kCrcAt, crc_of(bytes, size));
  const Status status = store_.put(Key(slot).text, {bytes, size});
  if (status != Status::Ok) return status;
  ++writes_;
  entries_[slot] = entry;
  return Status::Ok;
}

Status CommandMemory::store_started(std::string_view id) {
  if (!is_name(id) || slot_of(id) >= 0) return Status::Invalid;
  const int slot = slot_for_new();
  if (slot < 0) return Status::Full;
  Entry entry;
  entry.id_bytes = static_cast<uint8_t>(id.size());
  std::memcpy(entry.id, id.data(), id.size());
  entry.state = CommandState::Running;
  entry.order = last_order_ + 1;
  const Status status = write(static_cast<size_t>(slot), entry, {});
  if (status == Status::Ok) last_order_ = entry.order;
  return status;
}

Status CommandMemory::store_result(std::string_view id, ByteView frame) {
  const int slot = slot_of(id);
  if (slot < 0) return Status::NotFound;
  Entry entry = entries_[slot];
  if (entry.state == CommandState::Finished) return Status::Invalid;
  entry.state = CommandState::Finished;
  if (frame.size <= limits::kResultMaxBytes) return write(static_cast<size_t>(slot), entry, frame);
  uint8_t shorter[kReplacementBytes];
  size_t size = 0;
  const char* why = "the result is over 512 bytes";
  Status status = write_result_error(id, "result_too_large", why, {shorter, sizeof shorter}, size);
  if (status == Status::Ok) status = write(static_cast<size_t>(slot), entry, {shorter, size});
  return status == Status::Ok ? Status::TooLarge : Status::IoError;
}

Status CommandMemory::read_result(std::string_view id, MutableBytes into, size_t& size) {
  const int slot = slot_of(id);
  if (slot < 0 || entries_[slot].state != CommandState::Finished) return Status::NotFound;
  uint8_t bytes[kEntryMaxBytes];
  size_t stored = 0;
  const Key key(static_cast<size_t>(slot));
  if (store_.get(key.text, {bytes, sizeof bytes}, stored) != Status::Ok) return Status::IoError;
  if (!is_whole(bytes, stored)) return Status::IoError;
  size = get_little_endian<uint16_t>(bytes + 12);
  if (size > into.size) return Status::TooLarge;
  std::memcpy(into.data, bytes + kIdAt + bytes[2], size);
  return Status::Ok;
}

}  // namespace fairlead
