#include "no_heap.hpp"

#include <unistd.h>

#include <cstdlib>
#include <new>

namespace {

thread_local int forbidden = 0;
thread_local unsigned long requests = 0;

void on_request() {
  requests++;
  if (forbidden == 0) return;
  constexpr char kMessage[] = "heap memory was asked for inside a NoHeap scope\n";
  if (write(STDERR_FILENO, kMessage, sizeof kMessage - 1) < 0) std::_Exit(3);
  std::abort();
}

}  // namespace

NoHeap::NoHeap() { forbidden++; }
NoHeap::~NoHeap() { forbidden--; }
unsigned long heap_requests() { return requests; }

// The linker sends every call of malloc to __wrap_malloc (-Wl,--wrap=malloc), so this works beside a sanitizer too.
extern "C" {
void* __real_malloc(size_t size);
void* __real_calloc(size_t count, size_t size);
void* __real_realloc(void* memory, size_t size);
void* __wrap_malloc(size_t size) {
  on_request();
  return __real_malloc(size);
}
void* __wrap_calloc(size_t count, size_t size) {
  on_request();
  return __real_calloc(count, size);
}
void* __wrap_realloc(void* memory, size_t size) {
  on_request();
  return __real_realloc(memory, size);
}
}

void* operator new(size_t size) {
  on_request();
  void* const memory = __real_malloc(size > 0 ? size : 1);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
