#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fairlead/gateway_message.hpp"

namespace fairlead {

/** What this client keeps track of; a gateway that allows more is not used to the full. */
constexpr size_t kWindowMessagesMax = 64;

/** What is sent and not acknowledged in this session. */
class UplinkWindow {
 public:
  /** A new session: nothing is on its way. */
  void start(const SessionLimits& limits);
  /** Whether a message of `bytes` may go out now. */
  bool admits(size_t bytes) const;
  /** Only after admits(). */
  void sent(std::string_view boot, uint32_t seq, size_t bytes);
  /** Everything of `boot` up to `seq` leaves. */
  void acknowledge(std::string_view boot, uint32_t seq);
  /** This one leaves. */
  void refuse(std::string_view boot, uint32_t seq);
  size_t messages() const { return count_; }
  size_t bytes() const { return bytes_; }

 private:
  struct Sent {
    uint64_t boot;  ///< Hash of the id: 64 bits tell a handful of own ids apart.
    uint32_t seq;
    uint32_t bytes;
  };
  template <typename Leaves>
  void remove_where(Leaves leaves);

  Sent sent_[kWindowMessagesMax] = {};
  size_t count_ = 0;
  size_t bytes_ = 0;
  size_t messages_max_ = 0;
  size_t bytes_max_ = 0;
};

}  // namespace fairlead
