/* SPDX-License-Identifier: BSD-2-Clause */
/* See rbtree.h. What is true of one side is written once: the other is !side. */
#include "base/rbtree.h"

static bool is_black(const struct rb_node *node)
{
	return !node || node->up & 1;
}

static void set_black(struct rb_node *node, bool black)
{
	node->up = (node->up & ~(uintptr_t)1) | black;
}

static void set_parent(struct rb_node *node, struct rb_node *parent)
{
	node->up = (uintptr_t)parent | (node->up & 1);
}

static enum rb_side side_of(const struct rb_node *parent, const struct rb_node *node)
{
	return parent->child[RB_LEFT] == node ? RB_LEFT : RB_RIGHT;
}

/* @by, which may be NULL, takes the place of @node under its parent. */
static void replace(struct rb_root *root, struct rb_node *node, struct rb_node *by)
{
	struct rb_node *parent = rb_parent(node);

	if (parent)
		parent->child[side_of(parent, node)] = by;
	else
		root->top = by;
	if (by)
		set_parent(by, parent);
}

static void adopt(struct rb_node *parent, enum rb_side side, struct rb_node *node)
{
	parent->child[side] = node;
	if (node)
		set_parent(node, parent);
}

/* @node goes down on @side, its child of the other side comes up. */
static void rotate(struct rb_root *root, struct rb_node *node, enum rb_side side)
{
	struct rb_node *up = node->child[!side];

	replace(root, node, up);
	adopt(node, (enum rb_side) !side, up->child[side]);
	adopt(up, side, node);
}

struct rb_node *rb_next(const struct rb_node *node)
{
	struct rb_node *at = node->child[RB_RIGHT];

	if (!at) {
		for (at = rb_parent(node); at && at->child[RB_RIGHT] == node; at = rb_parent(at))
			node = at;
		return at;
	}
	while (at->child[RB_LEFT])
		at = at->child[RB_LEFT];
	return at;
}

/* ---- insertion ---- */

/* @node is red, and so may be its parent. */
static void fix_insertion(struct rb_root *root, struct rb_node *node)
{
	struct rb_node *parent;

	while ((parent = rb_parent(node)) && !is_black(parent)) {
		struct rb_node *above = rb_parent(parent);
		enum rb_side side = side_of(above, parent);
		struct rb_node *uncle = above->child[!side];

		set_black(above, false);
		if (!is_black(uncle)) {
			set_black(parent, true);
			set_black(uncle, true);
			node = above;
			continue;
		}
		if (node == parent->child[!side]) {
			rotate(root, parent, side);
			parent = node;
		}
		set_black(parent, true);
		rotate(root, above, (enum rb_side) !side);
		break;
	}
	set_black(root->top, true);
}

void rb_insert(struct rb_root *root, struct rb_node *node, struct rb_node *parent,
	       enum rb_side side)
{
	*node = (struct rb_node){.up = (uintptr_t)parent};
	if (!parent)
		root->top = root->least = node;
	else
		parent->child[side] = node;
	if (parent && side == RB_LEFT && parent == root->least)
		root->least = node;
	fix_insertion(root, node);
}

/* ---- removal ---- */

/* Paths through @node, a child of @parent, which may be NULL, have one black node too few. */
static void fix_removal(struct rb_root *root, struct rb_node *node, struct rb_node *parent)
{
	while (parent && is_black(node)) {
		enum rb_side side = side_of(parent, node);
		struct rb_node *other = parent->child[!side];

		if (!is_black(other)) {
			set_black(other, true);
			set_black(parent, false);
			rotate(root, parent, side);
			other = parent->child[!side];
		}
		if (is_black(other->child[RB_LEFT]) && is_black(other->child[RB_RIGHT])) {
			set_black(other, false);
			node = parent;
			parent = rb_parent(node);
			continue;
		}
		if (is_black(other->child[!side])) {
			set_black(other->child[side], true);
			set_black(other, false);
			rotate(root, other, (enum rb_side) !side);
			other = parent->child[!side];
		}
		set_black(other, is_black(parent));
		set_black(parent, true);
		set_black(other->child[!side], true);
		rotate(root, parent, side);
		return;
	}
	if (node)
		set_black(node, true);
}

/* A node with two children: the next one in order, which has at most one, takes its place. */
static void erase_inner(struct rb_root *root, struct rb_node *node)
{
	struct rb_node *next = rb_next(node), *from = next->child[RB_RIGHT];
	struct rb_node *parent = rb_parent(next) == node ? next : rb_parent(next);
	bool was_black = is_black(next);

	if (parent != next) {
		replace(root, next, from);
		adopt(next, RB_RIGHT, node->child[RB_RIGHT]);
	}
	replace(root, node, next);
	adopt(next, RB_LEFT, node->child[RB_LEFT]);
	set_black(next, is_black(node));
	if (was_black)
		fix_removal(root, from, parent);
}

void rb_erase(struct rb_root *root, struct rb_node *node)
{
	struct rb_node *only = node->child[node->child[RB_LEFT] ? RB_LEFT : RB_RIGHT];

	if (node == root->least)
		root->least = rb_next(node);
	if (node->child[RB_LEFT] && node->child[RB_RIGHT]) {
		erase_inner(root, node);
		return;
	}
	replace(root, node, only);
	if (is_black(node))
		fix_removal(root, only, rb_parent(node));
}
