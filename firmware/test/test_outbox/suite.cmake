set(SUITE_NEEDS storage)
