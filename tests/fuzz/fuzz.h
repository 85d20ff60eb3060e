/* fuzz.h - the door of every fuzz target: libFuzzer knocks, or replay.c with a corpus. */
#ifndef BATON_FUZZ_H
#define BATON_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/** Try one input; a finding is a crash. @return 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
