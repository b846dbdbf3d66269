/*-------------------------------------------------------------------------
 *
 * input.h
 *	  Bytes of a file or of standard input, plain or gzip.
 *
 * IDENTIFICATION
 *	  src/client/input.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef INPUT_H
#define INPUT_H

typedef struct Input Input;

extern void input_check(const char *path);
extern Input *input_open(const char *path);
extern const char *input_name(const Input *in);
extern size_t input_read(Input *in, char *to, size_t want);
extern void input_position(const Input *in, int64 *consumed, int64 *total);
extern void input_close(Input *in);

#endif							/* INPUT_H */
