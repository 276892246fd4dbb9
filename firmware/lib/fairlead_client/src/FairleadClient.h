#pragma once
/**
 * Everything a sketch needs:
 *
 *   FairleadClient gw("greenhouse", "1.4.0");
 *   Telemetry<float> temperature(gw, "temperature", every_s(10).deadband(0.2));
 *   void setup() { Serial.begin(115200); gw.begin(Serial); }
 *   void loop() { if (!gw.loop()) return; temperature = read_sensor(); }
 */
#include <Arduino.h>

#include "fairlead_client/client.hpp"

/** The device. One global object; declare telemetry, settings and commands as globals after it. */
class FairleadClient : public fairlead::Client {
 public:
  /** What the device is and which firmware it runs, both static texts of at most 64 bytes. */
  FairleadClient(const char* model, const char* firmware) : Client(model, firmware) {}

  /**
   * Loads what the console stored, starts WiFi and the network's task and returns at once. Call it once, in setup().
   * False: safe mode after three crashes, or a wrong declaration; the console and the network run, the sketch must not.
   */
  bool begin(Stream& console);
  /** Once per loop(): runs handlers, hands over telemetry, reads the console. False: as begin(). */
  bool loop();
  /** Waits up to `wait_ms` until the bus holds everything, then leaves and sleeps. Does not return. */
  void sleep_s(uint32_t seconds, uint32_t wait_ms = 10000);

 private:
  bool running_ = false;
};

using fairlead::Arguments;
using fairlead::Channel;
using fairlead::Command;
using fairlead::CommandResult;
using fairlead::RecordClass;
using fairlead::Setting;
using fairlead::Status;
using fairlead::Telemetry;
using fairlead::TextTelemetry;
using fairlead::each_value;
using fairlead::every_s;
using fairlead::fail;
using fairlead::flag;
using fairlead::later;
using fairlead::number;
using fairlead::ok;
using fairlead::on_change;
using fairlead::text;
using fairlead::whole;
