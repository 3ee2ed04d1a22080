/* SPDX-License-Identifier: BSD-2-Clause */
/* The compiled objects of the tests of elf and load. */
#ifndef ANYBPF_TESTS_ELF_OBJECTS_H
#define ANYBPF_TESTS_ELF_OBJECTS_H

#include <unistd.h>

#include "base/mem.h"
#include "tap.h"

/* A file of the tests' sources or of what was built of them. */
static inline const char *data_path(const char *name)
{
	static char path[1024];
	const char *dir = getenv("ANYBPF_TEST_DATA");

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : "tests/elf", name);
	return path;
}

static inline const char *object_path(const char *name)
{
	static char path[1024];
	const char *dir = getenv("ANYBPF_TEST_OBJECTS");

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : "build/tests/elf", name);
	return path;
}

/* False, and the case skipped, when there was no clang to compile it. */
static inline bool have_object(const char *name)
{
	if (!access(object_path(name), R_OK))
		return true;
	tap_skip("no clang for BPF compiled this object");
	return false;
}

/* The whole file in memory of malloc(); NULL without. */
static inline u8 *read_object(const char *path, size_t *size)
{
	FILE *file = fopen(path, "r");
	size_t cap = 1 << 20;
	u8 *data = file ? malloc(cap) : NULL;

	if (data)
		*size = fread(data, 1, cap, file);
	if (file)
		fclose(file);
	return data;
}

#endif
