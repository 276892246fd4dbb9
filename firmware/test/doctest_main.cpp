// The main() of every suite: `pio test` and CMake both link the sources beside this one with each test_*/ folder.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
