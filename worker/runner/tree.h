/* tree.h - the processes descended from this one: counted, frozen, killed. Shell.
 *
 * The runner is a subreaper: whoever double-forks or starts a session of its own becomes the
 * runner's child again when its parent goes, so a process descends from the runner exactly if the
 * chain of parents leads to it, and a runner without children has no descendants.
 */
#ifndef BATON_TREE_H
#define BATON_TREE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/status.h"

/** Freeze every descendant of this process, then kill them all. Call again until the tree is
 * empty: a process may fork while it is being looked for. @return OK | IO (/proc is unreadable) |
 * NOMEM. */
enum status tree_kill(struct error *err) ATTR_MUST_USE;

/**
 * Collect ended children.
 *
 * @param child      [in]  the one whose fate is wanted.
 * @param ret_status [out] its wait status, if it was among them.
 * @param ret_ended  [out] set to true then, else untouched.
 * @return true when no child is left, which proves that no descendant is.
 */
bool tree_reap(pid_t child, int *ret_status, bool *ret_ended);

#endif
