/* intake.h - specs from the submit stream become jobs. Shell.
 *
 * A message is acknowledged when its job exists for everybody (log and KV record), not before: a
 * controller that dies in between leaves it to the next. The same message always asks for the same
 * id, and ids are created once, so that a redelivery does no harm.
 */
#ifndef BATON_INTAKE_H
#define BATON_INTAKE_H

#include "shell/desk.h"
#include "shell/roster.h"

struct intake;

struct intake *intake_new(const struct cell *cell, const struct roster *roster, struct desk *desk);
void intake_free(struct intake *intake);

#endif
