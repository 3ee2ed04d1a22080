/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a harness without libFuzzer, with any compiler and on any machine:
 *
 *	smoke-NAME FILE...		each file as one input
 *	smoke-NAME --smoke NAME [DIR]	a fixed series of mutated inputs, as a test
 */
#include <dirent.h>
#include <string.h>

#include "base/types.h"
#include "fuzz.h"

#define INPUT_MAX (64 * 1024)
#define SEEDS_MAX 256
#define ROUNDS	  4000

struct seed {
	u8 *data;
	size_t size;
};

static u64 next_random(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static size_t below(u64 *state, size_t n)
{
	return n ? (size_t)(next_random(state) % n) : 0;
}

static bool read_seed(const char *path, struct seed *seed)
{
	FILE *f = fopen(path, "rb");

	if (!f)
		return false;
	seed->data = malloc(INPUT_MAX);
	seed->size = seed->data ? fread(seed->data, 1, INPUT_MAX, f) : 0;
	fclose(f);
	return seed->data != NULL;
}

/* The seeds in the order of their names, so that every run is the same. */
static u32 read_seeds(const char *dir, struct seed *seeds)
{
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort);
	u32 cnt = 0;

	for (int i = 0; i < n; i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		if (names[i]->d_name[0] != '.' && cnt < SEEDS_MAX && read_seed(path, &seeds[cnt]))
			cnt++;
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return cnt;
}

/* Changes, cuts, or repeats something somewhere. */
static size_t mutate(u8 *data, size_t size, u64 *state)
{
	size_t at = below(state, size), len = below(state, size - at + 1);

	switch (below(state, 6)) {
	case 0: /* a bit */
		if (size)
			data[at] ^= (u8)(1u << below(state, 8));
		return size;
	case 1: /* a byte */
		if (size)
			data[at] = (u8)next_random(state);
		return size;
	case 2: /* extreme values */
		memset(data + at, next_random(state) & 1 ? 0xff : 0, len < 8 ? len : 8);
		return size;
	case 3:
		return at;
	case 4: /* a piece is gone */
		memmove(data + at, data + at + len, size - at - len);
		return size - len;
	default: /* a piece stands twice */
		if (size + len > INPUT_MAX)
			return size;
		memmove(data + at + len, data + at, size - at);
		return size + len;
	}
}

static size_t make_input(u8 *input, const struct seed *seeds, u32 cnt, u64 *state)
{
	static const struct seed nothing;
	const struct seed *seed = cnt ? &seeds[below(state, cnt)] : &nothing;
	size_t size;

	if ((!cnt && !LLVMFuzzerCustomMutator) || below(state, 8) == 0) {
		size = below(state, 512);
		for (size_t i = 0; i < size; i++)
			input[i] = (u8)next_random(state);
		return size;
	}
	if (seed->size)
		memcpy(input, seed->data, seed->size);
	size = seed->size;
	/* Mostly the harness's own mutator, where it has one: what it makes goes further. */
	if (LLVMFuzzerCustomMutator && below(state, 8)) {
		for (size_t n = 1 + below(state, 3); n > 0; n--)
			size = LLVMFuzzerCustomMutator(input, size, INPUT_MAX,
						       (unsigned int)next_random(state));
		return size;
	}
	for (size_t n = 1 + below(state, 8); n > 0; n--)
		size = mutate(input, size, state);
	return size;
}

/* The input is copied to memory of just its size, so that sanitizers see every overrun. */
static void try(const u8 *input, size_t size)
{
	u8 *copy = malloc(size ? size : 1);

	if (!copy)
		return;
	memcpy(copy, input, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static int smoke(const char *name, const char *dir)
{
	static u8 input[INPUT_MAX];
	static struct seed seeds[SEEDS_MAX];
	u64 state = 0x9e3779b97f4a7c15ull;
	u32 cnt = dir ? read_seeds(dir, seeds) : 0;
	u32 rounds = &fuzz_smoke_rounds ? fuzz_smoke_rounds : ROUNDS;

	for (u32 i = 0; i < cnt; i++)
		try(seeds[i].data, seeds[i].size);
	for (u32 i = 0; i < rounds; i++)
		try(input, make_input(input, seeds, cnt, &state));
	for (u32 i = 0; i < cnt; i++)
		free(seeds[i].data);
	printf("ok 1 - %s: %u seeds, %u inputs\n1..1\n", name, cnt, rounds);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 3 && !strcmp(argv[1], "--smoke"))
		return smoke(argv[2], argc > 3 ? argv[3] : NULL);
	for (int i = 1; i < argc; i++) {
		struct seed seed;

		if (!read_seed(argv[i], &seed)) {
			fprintf(stderr, "%s: cannot be read\n", argv[i]);
			return 1;
		}
		try(seed.data, seed.size);
		free(seed.data);
	}
	return 0;
}
