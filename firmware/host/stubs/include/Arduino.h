#pragma once
// Declarations of what the adapters use of the Arduino core, written for this project. Nothing here does anything but
// String and Stream, which the tests need.
#include <esp_arduino_version.h>
#include <stdint.h>
#include <string.h>

#include <functional>
#include <string>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#define HIGH 1
#define LOW 0
#define INPUT 0x01
#define OUTPUT 0x03
#define INPUT_PULLUP 0x05

extern "C" {
void pinMode(uint8_t pin, uint8_t mode);
void digitalWrite(uint8_t pin, uint8_t value);
int digitalRead(uint8_t pin);
uint16_t analogRead(uint8_t pin);
float temperatureRead(void);
unsigned long millis(void);
void delay(uint32_t ms);
bool verifyRollbackLater();
}
void useRealRandomGenerator(bool use);

class String {
 public:
  String() = default;
  String(const char* text) : text_(text == nullptr ? "" : text) {}
  const char* c_str() const { return text_.c_str(); }
  unsigned length() const { return static_cast<unsigned>(text_.size()); }
  String& operator+=(const char* text) {
    text_ += text;
    return *this;
  }
  bool operator==(const char* other) const { return text_ == other; }
  bool operator!=(const char* other) const { return text_ != other; }

 private:
  std::string text_;
};

class Print {
 public:
  virtual ~Print() = default;
  virtual size_t write(uint8_t byte) = 0;
  virtual size_t write(const uint8_t* bytes, size_t size);
  size_t print(const char* text);
  size_t print(int number);
  size_t print(unsigned number);
  size_t println(const char* text);
  size_t println(int number);
  size_t println(unsigned number);
  size_t println();
};

class Stream : public Print {
 public:
  virtual int available() = 0;
  virtual int read() = 0;
  virtual int peek() = 0;
};

class HardwareSerial : public Stream {
 public:
  void begin(unsigned long baud);
  size_t setRxBufferSize(size_t bytes);
  size_t write(uint8_t byte) override;
  int available() override;
  int read() override;
  int peek() override;
};
extern HardwareSerial Serial;

void setup();
void loop();
