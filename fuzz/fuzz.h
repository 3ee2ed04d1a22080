/* SPDX-License-Identifier: BSD-2-Clause */
/* The entry point that every harness of this folder has, as libFuzzer wants it. */
#ifndef ANYBPF_FUZZ_FUZZ_H
#define ANYBPF_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* A harness may have a mutator of its own, which knows the format. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
	__attribute__((weak));

/* A harness whose inputs take longer says how many of them are enough for a test. */
extern const unsigned int fuzz_smoke_rounds __attribute__((weak));

/* A property that must hold for any input; a crash is what fuzzers report. */
#define fuzz_check(cond)                                                                           \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                 \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
