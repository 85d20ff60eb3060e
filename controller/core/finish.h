/* finish.h - what a job has come to when every node is through. Pure. */
#ifndef BATON_FINISH_H
#define BATON_FINISH_H

#include "proposal.h"

/** End the job if nothing is left to do. */
void finish(struct proposal *proposal);

#endif
