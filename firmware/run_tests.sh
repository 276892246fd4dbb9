#!/usr/bin/env bash
# All checks of the firmware that need no board; `npm run firmware:test` calls it.
#   1 suites, plain   2 suites with AddressSanitizer and UndefinedBehaviorSanitizer   3 suites for 32 bit
#   4 each fuzzer for some seconds   5 size and symbols of the core on a 32-bit target
# What a missing tool prevents is skipped loudly; with CI=true it fails. Debian packages: firmware/host/apt-packages.txt.
#   FAIRLEAD_FUZZ_SECONDS        for each fuzzer, two at a time; 10 by default, 60 with CI=true
#   FAIRLEAD_FIRMWARE_BUILD_DIR  firmware/build by default
set -uo pipefail

firmware=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${FAIRLEAD_FIRMWARE_BUILD_DIR:-$firmware/build}
jobs=$(nproc 2>/dev/null || echo 2)
mkdir -p "$build"
build=$(cd "$build" && pwd)
summary=()
status=0

step() { printf '\n=== firmware: %s (%d s)\n' "$*" "$SECONDS"; }
passed() { summary+=("passed   $1"); }
failed() {
  summary+=("FAILED   $1")
  status=1
}
# In CI nothing may be left out.
skipped() {
  if [ "${CI:-}" = true ]; then
    failed "$1: $2 is missing, and CI=true"
  else
    summary+=("SKIPPED  $1: $2 is missing")
  fi
  printf '!!! skipped: %s needs %s (see firmware/host/apt-packages.txt)\n' "$1" "$2" >&2
}

# can_build <compiler> <program> <option>...: whether the compiler builds and links the program with these options.
can_build() {
  printf '%s\n' "$2" | "$1" -x c++ -std=c++17 "${@:3}" - -o "$build/probe" >/dev/null 2>&1
}

# Runs quietly; shows the output when it fails.
quietly() {
  local log=$build/log.txt
  "$@" >"$log" 2>&1 && return
  cat "$log"
  return 1
}

# "N cases, M assertions" of what ctest ran last.
counts() {
  awk '/\[doctest\] test cases:/ { cases += $4 } /\[doctest\] assertions:/ { checks += $3 }
    END { printf "%d cases, %d assertions", cases, checks }' "$1/Testing/Temporary/LastTest.log"
}

# Shows what CMake left out. For 32 bit that is what needs OpenSSL; else in CI it is a failure.
nothing_left_out() {
  ! grep SKIPPED "$build/log.txt" >&2 || [ "$1" = 32-bit ] || [ "${CI:-}" != true ]
}

# suites <name> <cmake option>...
suites() {
  local name=$1 folder=$build/$1
  step "suites, $name"
  if quietly cmake -S "$firmware/host" -B "$folder" "${@:2}" &&
    nothing_left_out "$name" &&
    quietly cmake --build "$folder" -j "$jobs" &&
    (cd "$folder" && ctest --output-on-failure --no-tests=error -j "$jobs"); then
    passed "suites, $name: $(counts "$folder")"
  else
    failed "suites, $name"
  fi
}

all_suites() {
  local missing=
  command -v cmake >/dev/null || missing+=' cmake'
  can_build g++ 'int main() {}' || missing+=' g++'
  can_build g++ '#include <doctest/doctest.h>' -c || missing+=' doctest-dev'
  can_build g++ '#include <nlohmann/json.hpp>' -c || missing+=' nlohmann-json3-dev'
  if [ -n "$missing" ]; then
    skipped 'all suites' "${missing# }"
    return
  fi
  suites plain -DFAIRLEAD_SANITIZE=OFF
  if can_build g++ 'int main() {}' -fsanitize=address,undefined; then
    suites sanitized -DFAIRLEAD_SANITIZE=ON
  else
    skipped 'suites, sanitized' 'the sanitizer runtime of g++'
  fi
  if can_build g++ $'#include <string>\nint main() {}' -m32; then
    suites 32-bit -DFAIRLEAD_M32=ON
  else
    skipped 'suites, 32-bit' g++-multilib
  fi
}

# fuzz <name> <seconds>: into its own log.
fuzz() {
  mkdir -p "$build/corpus/$1"
  "$build/fuzz/$1" -max_total_time="$2" -max_len=4096 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
    -artifact_prefix="$build/$1-" "$build/corpus/$1" "$build/seeds" >"$build/$1.log" 2>&1
}

# fuzzed <name> <whether it ended well>
fuzzed() {
  local runs
  runs=$(awk '/stat::number_of_executed_units/ { print $2 }' "$build/$1.log")
  if [ "$2" = 0 ] && [ "${runs:-0}" -gt 0 ]; then
    echo "$1: $runs executions"
    passed "$1: $runs executions"
  else
    tail -n 60 "$build/$1.log"
    failed "$1: the input is in $build/$1-*"
  fi
}

all_fuzzers() {
  local folder=$build/fuzz node name source seconds at i names=() pids
  node=$firmware/../node_modules/.bin/node
  [ -x "$node" ] || node=$(command -v node) || { skipped fuzzers node; return; }
  can_build clang++ 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' \
    -fsanitize=fuzzer,address,undefined || { skipped fuzzers 'clang with libclang-rt-14-dev'; return; }
  step 'fuzzers, build'
  rm -rf "$build/seeds"
  if ! "$node" "$firmware/tools/fuzz_corpus.mjs" "$build/seeds" ||
    ! quietly cmake -S "$firmware/host" -B "$folder" -DFAIRLEAD_FUZZ=ON -DCMAKE_CXX_COMPILER=clang++ ||
    ! quietly cmake --build "$folder" -j "$jobs"; then
    failed 'fuzzers: build'
    return
  fi
  for source in "$firmware"/test/fuzz/fuzz_*.cpp; do names+=("$(basename "$source" .cpp)"); done
  seconds=${FAIRLEAD_FUZZ_SECONDS:-$([ "${CI:-}" = true ] && echo 60 || echo 10)}
  step "fuzzers, $seconds s each"
  for ((at = 0; at < ${#names[@]}; at += jobs)); do
    pids=()
    for name in "${names[@]:at:jobs}"; do
      fuzz "$name" "$seconds" &
      pids+=($!)
    done
    for i in "${!pids[@]}"; do
      wait "${pids[i]}"
      fuzzed "${names[at + i]}" $?
    done
  done
}

size_gate() {
  can_build arm-none-eabi-g++ '#include <string_view>' -c ||
    { skipped 'size of the core' 'gcc-arm-none-eabi with libstdc++-arm-none-eabi-newlib'; return; }
  step 'size of the core'
  "$firmware/tools/size_gate.sh" "$build/size" | tee "$build/size.txt"
  if [ "${PIPESTATUS[0]}" = 0 ]; then
    passed "size of the core: $(tail -n 1 "$build/size.txt")"
  else
    failed 'size of the core'
  fi
}

all_suites
all_fuzzers
size_gate

step summary
printf '%s\n' "${summary[@]}"
exit $status
