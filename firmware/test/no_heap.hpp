#pragma once

/**
 * While one of these lives, the program aborts when the code under test asks for heap memory: by new, malloc, calloc
 * or realloc of any object file of the program, which is linked with --wrap for these.
 * Checks of doctest allocate: gather results, and check them after the scope.
 */
class NoHeap {
 public:
  NoHeap();
  ~NoHeap();
  NoHeap(const NoHeap&) = delete;
  NoHeap& operator=(const NoHeap&) = delete;
};

/** Requests seen so far, inside and outside of scopes: shows that the hooks are in place. */
unsigned long heap_requests();
