/*-------------------------------------------------------------------------
 *
 * actor.h
 *	  The setting shopanalytics.actor.
 *
 * IDENTIFICATION
 *	  src/govern/actor.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef ACTOR_H
#define ACTOR_H

extern void actor_define_setting(void);
extern const char *actor_claimed(void);

#endif							/* ACTOR_H */
