#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fairlead/bytes.hpp"
#include "fairlead/status.hpp"

/** What the core needs from outside, in the core's words. Adapters for the ESP32 and for Linux implement these. */
namespace fairlead {

struct Clock {
  virtual ~Clock() = default;
  /** Since start, 64 bit: the adapter widens what wraps. Never steps back. */
  virtual uint64_t mono_ms() = 0;
};

struct Entropy {
  virtual ~Entropy() = default;
  /** From the hardware; Arduino's random() is seeded by the WebSocket library and alike on all devices. */
  virtual uint32_t u32() = 0;
};

/** Small durable values, atomic per key: after a power cut a key has its old or its new value. Keys of at most 15 characters. */
struct KeyValueStore {
  virtual ~KeyValueStore() = default;
  /** Ok with `size` set, NotFound, or TooLarge when `into` is too small. */
  virtual Status get(const char* key, MutableBytes into, size_t& size) = 0;
  virtual Status put(const char* key, ByteView value) = 0;
  virtual Status remove(const char* key) = 0;
};

/** Raw NOR flash: erase sets a sector to 0xFF, program only clears bits. Offsets and sizes of program are multiples of 16. */
struct FlashRegion {
  virtual ~FlashRegion() = default;
  virtual size_t size() const = 0;
  virtual size_t sector_size() const = 0;
  virtual Status read(size_t offset, MutableBytes into) = 0;
  virtual Status program(size_t offset, ByteView bytes) = 0;
  virtual Status erase_sector(size_t offset) = 0;
};

enum class ResetReason : uint8_t { PowerOn, Software, Panic, Watchdog, Brownout, DeepSleep, Other };

struct System {
  virtual ~System() = default;
  virtual ResetReason reset_reason() = 0;
  /** Does not return on hardware. */
  virtual void restart(const char* why) = 0;
  virtual uint32_t free_heap() = 0;
  virtual uint32_t largest_free_block() = 0;
  /** dBm; 0 when unknown. */
  virtual int rssi_dbm() = 0;
  /** Whether the network below the socket is there. */
  virtual bool link_up() = 0;
  /** Something for a stuck network: 1 = associate again, 2 = radio off and on. */
  virtual void recover_link(int level) = 0;
};

/** Why a connection ended, or never came to be. */
enum class OpenFail : uint8_t { None, Dns, Tcp, Tls, TlsCertificate, NoMemory, Http, Timeout, Protocol };

/** What the transport knows of the end; 0 where it is blind, as the Arduino library mostly is. */
struct Closed {
  OpenFail fail = OpenFail::None;
  uint16_t http_status = 0;
  uint16_t close_code = 0;
  uint32_t retry_after_ms = 0;
  int32_t native = 0;
};

struct TransportSink {
  virtual ~TransportSink() = default;
  /** After the 101. */
  virtual void on_open() = 0;
  /** A whole message; the bytes are gone after the call. */
  virtual void on_message(ByteView message, bool is_text) = 0;
  /** A ping, a pong or any other sign of life that is no message. */
  virtual void on_alive() = 0;
  /** Exactly once for each open(). */
  virtual void on_closed(const Closed& closed) = 0;
};

/** Where to connect. Everything pointed to stays valid until on_closed. */
struct OpenParams {
  const char* host = "";
  uint16_t port = 8443;
  const char* path = "/device/v1";
  const char* subprotocol = "fairlead.v1";
  /** `Bearer …` without the header's name. */
  const char* authorization = "";
  /** One or two roots in PEM; never null: TLS without a CA is not offered. */
  const char* ca_pem = "";
};

/** Bytes before the payload that a transport may use for the frame header, so that nothing is copied. */
constexpr size_t kFrameHeadroom = 14;

struct Transport {
  virtual ~Transport() = default;
  /** Begins to connect. Only when closed. */
  virtual void open(const OpenParams& params) = 0;
  /** Moves things on and reports to the sink. May block for as long as a connect takes; call it from the network task. */
  virtual void poll(TransportSink& sink) = 0;
  /** `frame.data` has kFrameHeadroom spare bytes before it. False: the transport closes, on_closed follows. */
  virtual bool send(MutableBytes frame, bool is_text) = 0;
  virtual bool ping() = 0;
  /** on_closed follows. */
  virtual void close() = 0;
};

struct Ports {
  Clock& clock;
  Entropy& entropy;
  KeyValueStore& store;
  System& system;
  Transport& transport;
};

}  // namespace fairlead
