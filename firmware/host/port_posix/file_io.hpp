#pragma once
#include <cstddef>
#include <cstdint>

#include "fairlead/bytes.hpp"

namespace fairlead::posix {

/** A file descriptor that closes itself. */
class File {
 public:
  /** As open(2); `ok()` says whether it worked. */
  File(const char* path, int flags, int mode = 0600);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  bool ok() const { return descriptor_ >= 0; }
  /** Errors and end of file are false: never fewer bytes than asked for. */
  bool read_at(uint64_t offset, MutableBytes into) const;
  bool write_at(uint64_t offset, ByteView bytes) const;
  bool size(uint64_t& bytes) const;
  /** Returns when the disk has it. */
  bool sync() const;

 private:
  int descriptor_;
};

}  // namespace fairlead::posix
