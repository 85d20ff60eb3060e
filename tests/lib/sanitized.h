/* sanitized.h - whether this build watches its own memory, and so is some ten times slower. */
#ifndef BATON_SANITIZED_H
#define BATON_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif
