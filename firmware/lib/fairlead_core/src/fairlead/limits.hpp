#pragma once
#include <cstddef>
#include <cstdint>

/**
 * The limits of the wire [L-1] and the sizes of the core, each with its reason. A constant that names a clause has the
 * same name and value in protocol/limits.ts, where there is one.
 */
namespace fairlead::limits {

constexpr size_t kDeviceFrameMaxBytes = 64 * 1024;  ///< [L-2] Until `welcome` names another.
constexpr size_t kTelemetryMaxBytes = 14 * 1024;    ///< [L-3] Until `welcome` names another.
constexpr size_t kGatewayFrameMaxBytes = 4096;  ///< [L-5]
constexpr size_t kParamsMaxBytes = 3072;        ///< [L-6]
constexpr size_t kPointsMax = 100;              ///< [L-7]
constexpr uint32_t kSeqMax = 0xffffffff;        ///< [L-15]
constexpr size_t kLabelMaxBytes = 64;           ///< [L-16]
constexpr size_t kLogTextMaxBytes = 1024;       ///< [L-16]
constexpr size_t kValueTextMaxBytes = 1024;     ///< [L-16]
constexpr int kJsonDepthMax = 8;                ///< [L-17] Of `params`, `state` and `data`.
constexpr size_t kCapabilitiesMax = 32;         ///< [L-18]
constexpr size_t kCommandsInFlightMax = 8;      ///< [L-19]
constexpr size_t kCommandIdsRemembered = 16;    ///< [L-20]
constexpr uint32_t kSleepMaxS = 30 * 24 * 3600;  ///< [L-22]
constexpr size_t kReportedMaxBytes = 12 * 1024;  ///< [L-28]
constexpr uint64_t kReportedVersionMax = 4503599627370496;  ///< [L-28] 2^52

constexpr size_t kNameMaxBytes = 64;    ///< [N-1]
constexpr size_t kBootIdMaxBytes = 32;  ///< [N-2]
constexpr size_t kSha256Chars = 64;     ///< [N-3]
constexpr size_t kTokenMaxBytes = 2048;  ///< [K-3]
/** [M-5] The whole numbers that every JSON reader keeps exactly end here: 2^53-1. */
constexpr uint64_t kWholeNumberMax = (uint64_t{1} << 53) - 1;

/** Of a whole frame: free-form JSON of 8 levels in a few more, and room for what a later gateway adds. */
constexpr int kFrameDepthMax = 16;
/** One MSS and one TLS record: what the Arduino library sends in one piece. */
constexpr size_t kUplinkFrameBytes = 1200;
/** A record: a few values and their keys. */
constexpr size_t kRecordMaxBytes = 1024;
/** Result of a command that is kept for a repeat. */
constexpr size_t kResultMaxBytes = 512;
/** The RAM part of the outbox: about 250 small records. */
constexpr size_t kRingBytes = 16 * 1024;

}  // namespace fairlead::limits
