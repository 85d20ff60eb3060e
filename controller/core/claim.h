/* claim.h - which controller takes an orphaned job. Pure.
 *
 * Ownership only saves work: two controllers that both take a job do no harm, the log refuses one
 * of them. Hence a rule that every survivor computes alone is enough: rendezvous hashing.
 */
#ifndef BATON_CLAIM_H
#define BATON_CLAIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** @return how much this controller is drawn to this job; the highest of the living takes it. */
uint64_t claim_weight(const char *controller, const char *job);

/**
 * @param living [in] ids of the controllers alive, oneself among them.
 * @return whether `self` takes the job. Ties go to the smaller id.
 */
bool claim_is_mine(const char *self, const char *const *living, size_t count, const char *job);

#endif
