/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which names are valid. Linux's character classes are those of ISO 8859-1,
 * whatever the locale, so they are spelled out here.
 */
#include "btf/impl.h"

static bool is_digit(u8 c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(u8 c)
{
	if (c < 0x80)
		return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
	return c >= 0xc0 && c != 0xd7 && c != 0xf7;
}

static bool starts_identifier(u8 c)
{
	return is_alpha(c) || c == '_' || c == '.';
}

static bool is_printable(u8 c)
{
	return (c >= 0x20 && c < 0x7f) || c >= 0xa0;
}

bool check_name_off(const struct btf *btf, u32 off)
{
	if (off > BTF_MAX_NAME_OFF)
		return false;
	while (off < btf->first_str)
		btf = btf->base;
	return off - btf->first_str < btf->hdr.str_len;
}

bool check_is_identifier(const struct btf *btf, u32 off)
{
	const u8 *s = (const u8 *)btf_str_or_null(btf, off);

	if (!s || !starts_identifier(*s))
		return false;
	for (u32 i = 1; s[i]; i++)
		if (i == BTF_NAME_LEN || (!starts_identifier(s[i]) && !is_digit(s[i])))
			return false;
	return true;
}

bool check_is_section_name(const struct btf *btf, u32 off)
{
	const u8 *s = (const u8 *)btf_str_or_null(btf, off);

	if (!s || !*s)
		return false;
	for (u32 i = 0; s[i]; i++)
		if (i == BTF_NAME_LEN || !is_printable(s[i]))
			return false;
	return true;
}
