#include "flash_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

namespace fairlead::posix {

namespace {

/** Erased, written beside and renamed: a power cut while it is made leaves no half of it. */
void make_erased(const char* path, size_t size) {
  const std::string beside = std::string(path) + ".new";
  std::array<uint8_t, kSectorBytes> erased;
  erased.fill(0xFF);
  const File file(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC);
  bool ok = file.ok();
  for (size_t offset = 0; ok && offset < size; offset += kSectorBytes)
    ok = file.write_at(offset, {erased.data(), erased.size()});
  if (ok && file.sync() && std::rename(beside.c_str(), path) != 0) std::perror(path);
}

/** The path, once there is something at it. */
const char* with_flash(const char* path, size_t size) {
  if (::access(path, F_OK) != 0) make_erased(path, size);
  return path;
}

}  // namespace

FlashFile::FlashFile(const char* path, size_t sectors)
    : size_(sectors * kSectorBytes), file_(with_flash(path, size_), O_RDWR | O_DSYNC) {
  uint64_t bytes = 0;
  ok_ = file_.ok() && file_.size(bytes) && bytes == size_;
}

Status FlashFile::read(size_t offset, MutableBytes into) {
  if (!is_inside(offset, into.size)) return Status::Invalid;
  return file_.read_at(offset, into) ? Status::Ok : Status::IoError;
}

Status FlashFile::program(size_t offset, ByteView bytes) {
  if (!is_inside(offset, bytes.size)) return Status::Invalid;
  if (offset % kProgramUnitBytes != 0 || bytes.size % kProgramUnitBytes != 0) return Status::Invalid;
  std::array<uint8_t, kSectorBytes> now;
  for (size_t done = 0; done < bytes.size;) {
    const size_t piece = std::min(now.size(), bytes.size - done);
    if (!file_.read_at(offset + done, {now.data(), piece})) return Status::IoError;
    for (size_t i = 0; i < piece; ++i) now[i] = static_cast<uint8_t>(now[i] & bytes.data[done + i]);
    if (!file_.write_at(offset + done, {now.data(), piece})) return Status::IoError;
    done += piece;
  }
  return Status::Ok;
}

Status FlashFile::erase_sector(size_t offset) {
  if (offset % kSectorBytes != 0 || !is_inside(offset, kSectorBytes)) return Status::Invalid;
  std::array<uint8_t, kSectorBytes> erased;
  erased.fill(0xFF);
  return file_.write_at(offset, {erased.data(), erased.size()}) ? Status::Ok : Status::IoError;
}

}  // namespace fairlead::posix
