/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mutator of the harnesses that read object files: mostly it changes one
 * field of one section header, or one word of a section, since bytes changed
 * anywhere seldom leave an ELF file. To be included once.
 */
#ifndef ANYBPF_FUZZ_ELF_MUTATE_H
#define ANYBPF_FUZZ_ELF_MUTATE_H

#include <elf.h>
#include <string.h>

#include "base/types.h"
#include "fuzz.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size) __attribute__((weak));

static u32 next(u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* The section headers, when the header still leads to some. */
static Elf64_Shdr *find_sections(uint8_t *data, size_t size, u32 *cnt)
{
	Elf64_Ehdr header;

	if (size < sizeof(header))
		return NULL;
	memcpy(&header, data, sizeof(header));
	*cnt = header.e_shnum;
	if (!*cnt || header.e_shoff % 8 || header.e_shoff > size ||
	    *cnt > (size - header.e_shoff) / sizeof(Elf64_Shdr))
		return NULL;
	return (Elf64_Shdr *)(void *)(data + header.e_shoff);
}

/* Sets a field of @width bytes to something that is likely to matter. */
static void set_field(uint8_t *at, u32 width, u32 *state)
{
	static const u64 values[] = {0,		 1,	     2,	       4,	   7,
				     8,		 12,	     16,       24,	   0x7f,
				     0xff,	 0xfff1,     0xffff,   0x7fffffff, 0x80000000,
				     0xffffffff, UINT64_MAX, INT64_MAX};
	u64 old = 0, value;

	memcpy(&old, at, width);
	switch (next(state) % 4) {
	case 0:
		value = values[next(state) % ARRAY_SIZE(values)];
		break;
	case 1:
		value = old + next(state) % 17 - 8;
		break;
	case 2:
		value = old ^ 1ull << next(state) % (8 * width);
		break;
	default:
		value = next(state) % 64;
	}
	memcpy(at, &value, width);
}

static bool mutate_structure(uint8_t *data, size_t size, u32 *state)
{
	static const struct {
		u16 off, width;
	} header_fields[] = {{0, 4},  {4, 4},  {8, 8},	{16, 8}, {24, 8},
			     {32, 8}, {40, 4}, {44, 4}, {48, 8}, {56, 8}};
	Elf64_Shdr *sections, *sec;
	u32 cnt, field;

	sections = find_sections(data, size, &cnt);
	if (!sections)
		return false;
	sec = &sections[next(state) % cnt];
	if (next(state) % 4 == 0) {
		field = next(state) % ARRAY_SIZE(header_fields);
		set_field((uint8_t *)sec + header_fields[field].off, header_fields[field].width,
			  state);
		return true;
	}
	/* Contents, by their natural words: of symbols, relocations, BTF, instructions. */
	if (sec->sh_type == SHT_NOBITS || sec->sh_size < 8 || sec->sh_offset > size ||
	    sec->sh_size > size - sec->sh_offset)
		return false;
	field = (u32)(next(state) % (sec->sh_size / 4)) * 4;
	if (field + 4 > sec->sh_size)
		return false;
	set_field(data + sec->sh_offset + field, next(state) % 4 ? 4 : 1, state);
	return true;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	u32 state = seed;

	if (next(&state) % 8 && mutate_structure(data, size, &state))
		return size;
	return LLVMFuzzerMutate ? LLVMFuzzerMutate(data, size, max_size) : size;
}

#endif
