#include "store_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "file_io.hpp"

namespace fairlead::posix {

namespace {

/** NVS of the ESP32 takes no longer ones. */
constexpr size_t kKeyMaxBytes = 15;

/** A key becomes a file name, so nothing that could name another place. */
bool is_key(const char* key) {
  const size_t size = std::strlen(key);
  const char* allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  return size > 0 && size <= kKeyMaxBytes && std::strspn(key, allowed) == size;
}

}  // namespace

std::string StoreFile::path_of(const char* key) const { return folder_ + "/" + key; }

Status StoreFile::sync_folder() const {
  const File folder(folder_.c_str(), O_RDONLY | O_DIRECTORY);
  return folder.ok() && folder.sync() ? Status::Ok : Status::IoError;
}

Status StoreFile::get(const char* key, MutableBytes into, size_t& size) {
  if (!is_key(key)) return Status::Invalid;
  const File file(path_of(key).c_str(), O_RDONLY);
  if (!file.ok()) return errno == ENOENT ? Status::NotFound : Status::IoError;
  uint64_t stored = 0;
  if (!file.size(stored)) return Status::IoError;
  if (stored > into.size) return Status::TooLarge;
  if (!file.read_at(0, {into.data, static_cast<size_t>(stored)})) return Status::IoError;
  size = static_cast<size_t>(stored);
  return Status::Ok;
}

Status StoreFile::put(const char* key, ByteView value) {
  if (!is_key(key)) return Status::Invalid;
  const std::string path = path_of(key);
  const std::string beside = path + ".new";  // no key holds a dot
  {
    const File file(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.ok() || !file.write_at(0, value) || !file.sync()) return Status::IoError;
  }
  if (std::rename(beside.c_str(), path.c_str()) != 0) return Status::IoError;
  return sync_folder();
}

Status StoreFile::remove(const char* key) {
  if (!is_key(key)) return Status::Invalid;
  if (::unlink(path_of(key).c_str()) != 0) return errno == ENOENT ? Status::NotFound : Status::IoError;
  return sync_folder();
}

}  // namespace fairlead::posix
