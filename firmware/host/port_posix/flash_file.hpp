#pragma once
#include "fairlead/ports.hpp"
#include "file_io.hpp"

namespace fairlead::posix {

/** As on the ESP32's SPI flash. */
constexpr size_t kSectorBytes = 4096;
constexpr size_t kProgramUnitBytes = 16;

/**
 * NOR flash in a file: an erased byte is 0xFF, programming only clears bits, in whole units of 16 bytes. What a call
 * has written is on the disk when it returns.
 */
class FlashFile final : public FlashRegion {
 public:
  /** Makes the file, erased, when there is none. A file of another size is refused: `ok()` is false. */
  FlashFile(const char* path, size_t sectors);
  bool ok() const { return ok_; }
  size_t size() const override { return size_; }
  size_t sector_size() const override { return kSectorBytes; }
  Status read(size_t offset, MutableBytes into) override;
  Status program(size_t offset, ByteView bytes) override;
  Status erase_sector(size_t offset) override;

 private:
  bool is_inside(size_t offset, size_t bytes) const { return bytes <= size_ && offset <= size_ - bytes; }
  const size_t size_;
  const File file_;
  bool ok_ = false;
};

}  // namespace fairlead::posix
