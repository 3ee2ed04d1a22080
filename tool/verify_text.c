/* SPDX-License-Identifier: BSD-2-Clause */
/* A verdict for a person. */
#include <inttypes.h>

#include "verify.h"

void verdict_text(const struct verdict *v, struct buf *out)
{
	const struct anybpf_program *p = v->program;
	const struct explain_style style = {
		.color = v->opts->color,
		.context = 1,
		.short_path = short_path,
	};

	buf_printf(out, "%s (section \"%s\"): ", anybpf_program_name(p), anybpf_program_section(p));
	if (v->rejected) {
		buf_puts(out, "rejected\n\n");
		explain_print(&v->input, &v->explanation, &style, out);
		buf_putc(out, '\n');
	} else if (v->explanation.processed) {
		buf_printf(out, "accepted, %u instructions, %" PRIu64 " processed\n", p->insn_cnt,
			   v->explanation.processed);
	} else {
		buf_printf(out, "accepted, %u instructions\n", p->insn_cnt);
	}
	if (needs_newer(v))
		needs_text(v, out);
	if (shows_complexity(v))
		complexity_text(v, out);
	if (shows_facts(v))
		facts_text(v, out);
}
