/* run.h - one task from order to outcome. Shell. */
#ifndef BATON_RUN_H
#define BATON_RUN_H

#include "runner/link.h"

/**
 * Start the task, relay its output, enforce its timeout, obey a kill command, and return when
 * nothing of its process tree is left and the exit record is written and told.
 *
 * @return OK | IO | NOMEM: the exit record could not be written (the worker was told anyway).
 */
enum status run_task(const Baton__V1__RunOrder *order, struct link *link,
                     struct error *err) ATTR_MUST_USE;

#endif
