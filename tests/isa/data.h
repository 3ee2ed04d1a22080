/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the data files of this room's tests: one case a line, in two parts. */
#ifndef ANYBPF_TESTS_ISA_DATA_H
#define ANYBPF_TESTS_ISA_DATA_H

#include <ctype.h>
#include <string.h>

#include "base/bytes.h"
#include "isa/uapi.h"
#include "tap.h"

/*
 * Calls @fn for each line of the file, split at the first @separator. Lines
 * that begin with # are comments. Fails the test when there is no line.
 */
static inline void data_each(const char *file, const char *separator,
			     void (*fn)(const char *left, const char *right))
{
	const char *dir = getenv("ANYBPF_TEST_DATA");
	char path[1024], line[1024];
	u32 cases = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : "tests/isa", file);
	f = fopen(path, "r");
	if (!f) {
		tap_fail("%s: cannot be opened", path);
		return;
	}
	while (fgets(line, sizeof(line), f)) {
		char *right = strstr(line, separator);

		line[strcspn(line, "\n")] = 0;
		if (line[0] == '#' || line[0] == 0)
			continue;
		if (!right) {
			tap_fail("%s: no separator in \"%s\"", path, line);
			continue;
		}
		*right = 0;
		fn(line, right + strlen(separator));
		cases++;
	}
	fclose(f);
	check(cases > 0);
}

/*
 * Bytes in hex, 8 for each instruction, as a little-endian object file has
 * them: "b7 01 00 00 05 00 00 00". The number of instructions, 0 if malformed.
 */
static inline u32 data_insns(const char *hex, struct bpf_insn *insns, u32 max)
{
	u8 bytes[8];
	u32 n = 0, cnt = 0;

	while (*hex) {
		unsigned int byte;

		if (isspace((unsigned char)*hex)) {
			hex++;
			continue;
		}
		if (cnt == max || sscanf(hex, "%2x", &byte) != 1)
			return 0;
		hex += 2;
		bytes[n++] = (u8)byte;
		if (n < 8)
			continue;
		n = 0;
		insns[cnt].code = bytes[0];
		insns[cnt].dst_reg = bytes[1] & 15u;
		insns[cnt].src_reg = (u32)(bytes[1] >> 4) & 15u;
		insns[cnt].off = (s16)get_le16(bytes + 2);
		insns[cnt++].imm = (s32)get_le32(bytes + 4);
	}
	return n ? 0 : cnt;
}

#endif
