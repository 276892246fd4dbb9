set(SUITE_NEEDS storage)
set(SUITE_NO_HEAP ON)
