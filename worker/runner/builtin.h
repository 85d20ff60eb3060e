/* builtin.h - the ping and test actions, run inside the task's own process. Shell. */
#ifndef BATON_BUILTIN_H
#define BATON_BUILTIN_H

#include "base/attr.h"

/**
 * Do a built-in action and exit.
 *
 * @param text      [in] its parameters, JSON, checked again here.
 * @param report_fd [in] for child_say().
 */
ATTR_NORETURN void builtin_run(const char *backend, const char *action, const char *text,
                               int report_fd);

#endif
