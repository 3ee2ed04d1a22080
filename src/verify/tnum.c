/* SPDX-License-Identifier: BSD-2-Clause */
/* The one operation on tnums that is a loop; the others are in the header. */
#include "verify/tnum.h"

/*
 * Long multiplication: the known bits of both multiply to a number; every bit
 * of @a that can be one adds to it what is not sure about its row: the unknown
 * bits of @b, or all of @b where the bit of @a is itself unknown.
 */
struct tnum tnum_mul(struct tnum a, struct tnum b)
{
	struct tnum unsure = tnum_const(0);
	u64 rows = a.value | a.mask;

	while (rows) {
		u64 row = rows & -rows;
		u64 bits = (a.value & row) ? b.mask : b.value | b.mask;

		unsure = tnum_add(unsure, (struct tnum){.mask = bits * row});
		rows ^= row;
	}
	return tnum_add(tnum_const(a.value * b.value), unsure);
}
