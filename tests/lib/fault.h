/* fault.h - memory that runs out on purpose. A program that uses it has its malloc, calloc, realloc
 * and strdup, not those of its shared libraries, pass through here. */
#ifndef BATON_FAULT_H
#define BATON_FAULT_H

#include <stdbool.h>
#include <stdint.h>

/** Let the n-th allocation from now on fail (from 1), and all that follow it if `forever`. */
void fault_arm(uint64_t n, bool forever);

/** No more failures. @return how many allocations there were since fault_arm(). */
uint64_t fault_disarm(void);

/** @return whether an allocation has failed since fault_arm(). */
bool fault_struck(void);

#endif
