// A flash image of any content is mounted, read and written on: nothing may crash, hang or read outside, and what is
// written afterwards must come back. The first byte says whether CRCs are made right, so that the fuzzer gets past them.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "fairlead/crc32.hpp"
#include "fairlead/flash_format.hpp"
#include "fairlead/little_endian.hpp"
#include "fairlead/outbox.hpp"
#include "fakes/fake_clock.hpp"
#include "fakes/fake_entropy.hpp"
#include "fakes/nor_flash.hpp"

using namespace fairlead;
using namespace fairlead::fakes;

namespace {

constexpr size_t kSectors = 5, kSectorBytes = 2048;

void mend_crcs(uint8_t* sector) {
  namespace format = flash_format;
  put_little_endian<uint32_t>(sector, format::kMagic);
  put_little_endian<uint16_t>(sector + 4, format::kVersion);
  for (const size_t top_byte : {11, 15, 19, 23}) sector[top_byte] &= 0x0F;  // counters that a flash can reach
  put_little_endian<uint32_t>(sector + 28, crc32({sector, 28}));
  for (size_t at = format::kFirstBlockAt; at + format::kBlockHeadBytes <= kSectorBytes;) {
    uint8_t* block = sector + at;
    const size_t body = get_little_endian<uint16_t>(block);
    if (at + format::block_bytes(body) > kSectorBytes) return;
    block[11] &= 0x0F;
    const uint32_t crc = crc32({block + 8, format::kBlockHeadBytes - 8 + body}, crc32({block, 4}));
    put_little_endian<uint32_t>(block + 4, crc);
    at += format::block_bytes(body);
  }
}

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  NorFlash flash(kSectors, kSectorBytes);
  const bool mend = (data[0] & 1) != 0;
  // Each sector takes an equal share of the input, so that short inputs reach all of them.
  const size_t share = (size - 1) / kSectors;
  for (size_t sector = 0; sector < kSectors; ++sector) {
    uint8_t* at = flash.bytes.data() + sector * kSectorBytes;
    if (share > 0) std::memcpy(at, data + 1 + sector * share, share < kSectorBytes ? share : kSectorBytes);
    if (mend && (data[0] >> (sector + 1) & 1) == 0) mend_crcs(at);
  }
  FakeClock clock;
  FakeEntropy entropy;
  static uint8_t ring[2048], scratch[limits::kRecordMaxBytes];
  Outbox outbox({ring, sizeof ring}, &flash, clock, entropy);
  require(outbox.begin("boot") == Status::Ok);
  OutboxRecord record;
  uint32_t seq = 0, acknowledged = 0;
  while (outbox.peek_unsent(record, {scratch, sizeof scratch})) {
    require(record.name.size() + record.json.size() <= sizeof scratch);
    outbox.mark_sent(record);
    if (++acknowledged % 3 == 0) outbox.acknowledge(record.boot, record.seq);
  }
  if (outbox.push_event("after", "1", seq) != Status::Ok) return 0;  // seq used up
  require(outbox.is_durable(seq));
  (void)outbox.flush();
  Outbox again({ring, sizeof ring}, &flash, clock, entropy);
  require(again.begin("next") == Status::Ok);
  bool found = false;
  while (again.peek_unsent(record, {scratch, sizeof scratch})) {
    again.mark_sent(record);
    found = found || (record.seq == seq && record.name == "after" && std::string_view(record.boot) == "boot");
  }
  require(found);
  return 0;
}
