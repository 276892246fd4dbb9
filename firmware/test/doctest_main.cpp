// The main() of every suite: `pio test` and CMake both compile this file with each test_*/ folder.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
