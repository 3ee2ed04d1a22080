/* SPDX-License-Identifier: BSD-2-Clause */
#include "json.h"

#include <inttypes.h>

static void put_string(struct buf *out, const char *text)
{
	buf_putc(out, '"');
	for (; *text; text++) {
		u8 c = (u8)*text;

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < 0x20)
			buf_printf(out, "\\u%04x", c);
		else
			buf_putc(out, (char)c);
	}
	buf_putc(out, '"');
}

static void begin_item(struct json *json, const char *key)
{
	if (json->comma)
		buf_putc(json->out, ',');
	json->comma = true;
	if (key) {
		put_string(json->out, key);
		buf_putc(json->out, ':');
	}
}

void json_open(struct json *json, const char *key, char bracket)
{
	begin_item(json, key);
	buf_putc(json->out, bracket);
	json->comma = false;
}

void json_close(struct json *json, char bracket)
{
	buf_putc(json->out, bracket);
	json->comma = true;
}

void json_string(struct json *json, const char *key, const char *text)
{
	begin_item(json, key);
	put_string(json->out, text);
}

void json_u64(struct json *json, const char *key, u64 value)
{
	begin_item(json, key);
	buf_printf(json->out, "%" PRIu64, value);
}

void json_real(struct json *json, const char *key, double value, int digits)
{
	begin_item(json, key);
	buf_printf(json->out, "%.*f", digits, value);
}

void json_bool(struct json *json, const char *key, bool value)
{
	begin_item(json, key);
	buf_puts(json->out, value ? "true" : "false");
}

void json_raw(struct json *json, const char *key, const char *text)
{
	begin_item(json, key);
	buf_puts(json->out, text);
}
