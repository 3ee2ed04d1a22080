/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a look-up costs from C, through the public API, on this library's engine
 * and on the kernel's, where it is a system call. Best of some turns, in ns.
 *
 *	bench-api OBJECT		whose first hash map is taken
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "anybpf/anybpf.h"
#include "base/os.h"
#include "isa/uapi.h"

#define ENTRIES 1000u
#define LOOKUPS 4096u
#define TURNS	50u
#define MOST	256u /* bytes of a key or a value */
#define PRIME	37u

static struct anybpf_map *first_hash(const struct anybpf_object *object)
{
	struct anybpf_map *map = NULL;

	while ((map = anybpf_object_next_map(object, map)))
		if (anybpf_map_type(map) == BPF_MAP_TYPE_HASH)
			return map;
	return NULL;
}

static bool turn(const struct anybpf_map *map, u32 entries, double *best)
{
	size_t key_size = anybpf_map_key_size(map), value_size = anybpf_map_value_size(map);
	u8 key[MOST] = {0}, value[MOST];
	u64 start = os_clock_ns(CLOCK_MONOTONIC);
	double ns;

	for (u32 i = 0; i < LOOKUPS; i++) {
		u32 number = i * PRIME % entries;

		memcpy(key, &number, sizeof(number));
		if (anybpf_map_lookup(map, key, key_size, value, value_size, 0))
			return false;
	}
	ns = (double)(os_clock_ns(CLOCK_MONOTONIC) - start) / LOOKUPS;
	if (ns < *best)
		*best = ns;
	return true;
}

static bool measure(const struct anybpf_map *map, double *best)
{
	size_t key_size = anybpf_map_key_size(map), value_size = anybpf_map_value_size(map);
	u32 entries = anybpf_map_max_entries(map) < ENTRIES ? anybpf_map_max_entries(map) : ENTRIES;
	u8 key[MOST] = {0}, value[MOST] = {0};

	if (key_size < sizeof(u32) || key_size > MOST || value_size > MOST)
		return false;
	for (u32 i = 0; i < entries; i++) {
		memcpy(key, &i, sizeof(i));
		if (anybpf_map_update(map, key, key_size, value, value_size, 0))
			return false;
	}
	*best = 1e9;
	for (u32 i = 0; i < TURNS; i++)
		if (!turn(map, entries, best))
			return false;
	return true;
}

/* 0 where the engine is not to be had. */
static double look_up(const char *path, enum anybpf_engine engine)
{
	ANYBPF_OPTS(anybpf_options, opts, .engine = engine);
	struct anybpf_object *object = NULL;
	struct anybpf *ctx;
	double ns = 0;

	if (anybpf_new(&opts, &ctx))
		return 0;
	if (anybpf_object_open(ctx, path, &object) || anybpf_object_load(object) ||
	    !first_hash(object) || !measure(first_hash(object), &ns))
		ns = 0;
	anybpf_object_close(object);
	anybpf_free(ctx);
	return ns;
}

int main(int argc, char **argv)
{
	double here, linux_ns;

	if (argc != 2) {
		fprintf(stderr, "usage: bench-api OBJECT\n");
		return 2;
	}
	here = look_up(argv[1], ANYBPF_ENGINE_USER);
	linux_ns = look_up(argv[1], ANYBPF_ENGINE_KERNEL);
	printf("hash, look-up from C %7u %9.1f %9.1f\n", ENTRIES, here, linux_ns);
	return here > 0 ? 0 : 1;
}
