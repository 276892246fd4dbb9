#include "file_io.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace fairlead::posix {

File::File(const char* path, int flags, int mode) : descriptor_(::open(path, flags | O_CLOEXEC, mode)) {}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool File::read_at(uint64_t offset, MutableBytes into) const {
  size_t done = 0;
  while (done < into.size) {
    const ssize_t got = ::pread(descriptor_, into.data + done, into.size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
  }
  return true;
}

bool File::write_at(uint64_t offset, ByteView bytes) const {
  size_t done = 0;
  while (done < bytes.size) {
    const ssize_t put = ::pwrite(descriptor_, bytes.data + done, bytes.size - done, static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    done += static_cast<size_t>(put);
  }
  return true;
}

bool File::size(uint64_t& bytes) const {
  struct stat facts = {};
  if (::fstat(descriptor_, &facts) != 0) return false;
  bytes = static_cast<uint64_t>(facts.st_size);
  return true;
}


bool File::sync() const { return ::fsync(descriptor_) == 0; }

}  // namespace fairlead::posix
