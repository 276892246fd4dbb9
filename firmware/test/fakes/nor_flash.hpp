#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "fairlead/ports.hpp"

namespace fairlead::fakes {

/**
 * NOR flash in memory. Erase sets a sector to 0xFF, program only clears bits. Programming a 16-byte word twice between
 * two erases is counted in `violations`, as are unaligned programs: with flash encryption both destroy data.
 * Power cuts: `cut_power_at(n, part)` kills the flash in the n-th operation from now (1 = the next); `part` of 256 says
 * how much of it was done: 0 none, 256 all (its caller never learns so). A dead flash fails until power_on().
 */
class NorFlash : public FlashRegion {
 public:
  static constexpr size_t kWord = 16;

  explicit NorFlash(size_t sectors, size_t sector_bytes = 4096)
      : bytes(sectors * sector_bytes, 0xFF), wear(sectors, 0), sector_bytes_(sector_bytes),
        programmed_(sectors * sector_bytes / kWord, false) {}

  size_t size() const override { return bytes.size(); }
  size_t sector_size() const override { return sector_bytes_; }

  Status read(size_t offset, MutableBytes into) override {
    ++reads;
    bytes_read += into.size;
    if (!powered || offset > bytes.size() || into.size > bytes.size() - offset) return Status::IoError;
    if (failing_reads > 0) {
      --failing_reads;
      return Status::IoError;
    }
    if (into.size > 0) std::memcpy(into.data, bytes.data() + offset, into.size);
    return Status::Ok;
  }

  Status program(size_t offset, ByteView data) override {
    if (!powered) return Status::IoError;
    if (offset % kWord != 0 || data.size % kWord != 0 || offset + data.size > bytes.size()) {
      ++violations;
      return Status::Invalid;
    }
    if (failing_programs > 0) {
      --failing_programs;
      clear_bits(offset, data, data.size / 2);  // a worn word: half of it took
      return Status::IoError;
    }
    const uint32_t part = next_operation();
    if (worn_programs > 0) {
      --worn_programs;
      clear_bits(offset, data, data.size / 2);
      return Status::Ok;
    }
    clear_bits(offset, data, data.size * part / 256);
    bytes_programmed += data.size;
    return powered ? Status::Ok : Status::IoError;
  }

  Status erase_sector(size_t offset) override {
    if (!powered) return Status::IoError;
    if (offset % sector_bytes_ != 0 || offset >= bytes.size()) {
      ++violations;
      return Status::Invalid;
    }
    if (failing_erases > 0) {
      --failing_erases;
      return Status::IoError;
    }
    const uint32_t part = next_operation();
    // Cells do not rise in order of their address: with an odd part the end of the sector goes first.
    const size_t done = sector_bytes_ * part / 256;
    const size_t from = (part % 2 == 1) ? offset + sector_bytes_ - done : offset;
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(from), done, static_cast<uint8_t>(0xFF));
    // An interrupted word is neither its old nor its new value.
    if (done > 0 && done < sector_bytes_) bytes[part % 2 == 1 ? from : offset + done - 1] |= 0x5A;
    if (part > 0) {
      ++wear[offset / sector_bytes_];
      std::fill_n(programmed_.begin() + static_cast<std::ptrdiff_t>(offset / kWord), sector_bytes_ / kWord, done < sector_bytes_);
    }
    return powered ? Status::Ok : Status::IoError;
  }

  void cut_power_at(uint64_t operation_from_now, uint32_t part_of_256) {
    cut_in_ = operation_from_now;
    cut_part_ = part_of_256;
  }
  void power_on() {
    powered = true;
    cut_in_ = 0;
  }

  std::vector<uint8_t> bytes;
  std::vector<uint32_t> wear;
  uint64_t operations = 0, bytes_programmed = 0, bytes_read = 0, reads = 0;
  uint32_t violations = 0;
  /** The next calls of this kind fail, the power stays. */
  uint32_t failing_programs = 0, failing_erases = 0, failing_reads = 0;
  /** The next programs say Ok, but half of the bits did not take. */
  uint32_t worn_programs = 0;
  bool powered = true;

 private:
  uint32_t next_operation() {
    ++operations;
    if (cut_in_ == 0 || --cut_in_ > 0) return 256;
    powered = false;
    return cut_part_;
  }

  void clear_bits(size_t offset, ByteView data, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const size_t at = offset + i;
      if (i % kWord == 0) {
        if (programmed_[at / kWord]) ++violations;
        programmed_[at / kWord] = true;
      }
      bytes[at] = static_cast<uint8_t>(bytes[at] & data.data[i]);
    }
    // The byte in which the power went may have some of its bits.
    if (count < data.size && count > 0) {
      const size_t at = offset + count;
      programmed_[at / kWord] = true;
      bytes[at] = static_cast<uint8_t>(bytes[at] & (data.data[count] | 0xA5));
    }
  }

  size_t sector_bytes_;
  std::vector<bool> programmed_;
  uint64_t cut_in_ = 0;
  uint32_t cut_part_ = 256;
};

}  // namespace fairlead::fakes
