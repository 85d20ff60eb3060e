/* line.h - a message for people from bytes of any kind: one line of UTF-8. Pure. */
#ifndef BATON_LINE_H
#define BATON_LINE_H

/**
 * Make a text fit to be shown and to travel: bytes that are not UTF-8 become `?`, control
 * characters blanks; an unfinished last character (the text was cut) is dropped. In place.
 */
void line_clean(char *text);

#endif
