/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the programs are given to work on: random bytes, text, frames of many
 * kinds. The frames repeat no pattern that a branch predictor would learn in
 * 16 of them alone, but it does learn them over many runs, for all engines
 * alike.
 */
#include "packets.h"

#include <string.h>

static u64 next_random(u64 *state)
{
	u64 v = *state += 0x9e3779b97f4a7c15;

	v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9;
	v = (v ^ v >> 27) * 0x94d049bb133111eb;
	return v ^ v >> 31;
}

static void fill_bytes(u8 *data)
{
	u64 state = 1;

	for (u32 i = 0; i < PACKET_SIZE; i++)
		data[i] = (u8)next_random(&state);
}

/* Words of lower and upper case and numbers, with spaces and ends of lines between them. */
static void fill_text(u8 *data)
{
	static const char letters[] = "etaoinshrdluETAOINSH";
	u64 state = 2;
	u32 at = 0;

	while (at < PACKET_SIZE) {
		u64 r = next_random(&state);
		u32 length = 1 + (u32)(r % 9);
		bool number = r >> 8 & 1;

		for (u32 i = 0; i < length && at < PACKET_SIZE; i++) {
			u64 c = next_random(&state);

			data[at++] = number ? (u8)('0' + c % 10)
					    : (u8)letters[c % (sizeof(letters) - 1)];
		}
		if (at < PACKET_SIZE)
			data[at++] = r >> 16 & 7 ? ' ' : '\n';
	}
}

/* ---- frames ---- */

struct writer {
	u8 *at;
	u64 state;
};

static void put(struct writer *w, u64 value, u32 bytes)
{
	while (bytes--)
		*w->at++ = (u8)(value >> (8 * bytes));
}

static void put_tcp(struct writer *w, u32 kind)
{
	static const u8 timestamps[] = {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8};
	static const u8 opening[] = {4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7, 2, 4, 5, 180};
	const u8 *options = kind == 1 ? timestamps : opening;
	u32 size = kind == 0 ? 0 : kind == 1 ? sizeof(timestamps) : sizeof(opening);

	put(w, next_random(&w->state) & 0xffff01bb, 4);
	put(w, next_random(&w->state), 8);
	put(w, (5 + size / 4) << 4, 1);
	put(w, 0x10, 1);
	put(w, 0x2000, 2);
	put(w, 0, 4);
	memcpy(w->at, options, size);
	w->at += size;
}

static void put_transport(struct writer *w, u32 kind)
{
	if (kind < 3)
		put_tcp(w, kind);
	else
		put(w, next_random(&w->state) & 0xffff0035002affff, 8);
}

static void put_ipv4(struct writer *w, u32 kind, bool has_options)
{
	put(w, has_options ? 0x46 : 0x45, 1);
	put(w, 0, 1);
	put(w, 80, 2);
	put(w, 0x12344000, 4);
	put(w, 64, 1);
	put(w, kind < 3 ? 6 : 17, 1);
	put(w, 0, 2);
	put(w, 0x0a000000 | (next_random(&w->state) & 0xffff), 4);
	put(w, 0xc0a80000 | (next_random(&w->state) & 0xff), 4);
	if (has_options)
		put(w, 0x94040000, 4); /* router alert */
	put_transport(w, kind);
}

static void put_ipv6(struct writer *w, u32 kind)
{
	put(w, 0x60000000, 4);
	put(w, 40, 2);
	put(w, kind < 3 ? 6 : 17, 1);
	put(w, 64, 1);
	for (u32 i = 0; i < 4; i++)
		put(w, next_random(&w->state), 8);
	put_transport(w, kind);
}

static void put_frame(struct writer *w, u64 r)
{
	u32 tags = (r & 7) < 5 ? 0 : (r & 7) < 7 ? 1 : 2;
	u32 kind = r >> 8 & 3;

	put(w, next_random(&w->state), 6);
	put(w, next_random(&w->state), 6);
	for (u32 i = 0; i < tags; i++) {
		put(w, i + 1 < tags ? 0x88a8 : 0x8100, 2);
		put(w, r >> 16 & 0xfff, 2);
	}
	if ((r >> 32 & 7) == 0) {
		put(w, 0x0806, 2);
	} else if ((r >> 32 & 7) < 3) {
		put(w, 0x86dd, 2);
		put_ipv6(w, kind);
	} else {
		put(w, 0x0800, 2);
		put_ipv4(w, kind, (r >> 40 & 3) == 0);
	}
}

static void fill_frames(u8 *data)
{
	struct writer w = {.state = 3};

	memset(data, 0, PACKET_SIZE);
	for (u32 i = 0; i < PACKET_SIZE / FRAME_SLOT; i++) {
		w.at = data + (size_t)i * FRAME_SLOT;
		put_frame(&w, next_random(&w.state));
	}
}

void packet_fill(enum bench_packet kind, u8 *data)
{
	static void (*const fill[BENCH_PACKETS])(u8 * data) = {
		[PACKET_BYTES] = fill_bytes,
		[PACKET_TEXT] = fill_text,
		[PACKET_FRAMES] = fill_frames,
	};

	fill[kind](data);
}
