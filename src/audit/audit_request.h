/*-------------------------------------------------------------------------
 *
 * audit_request.h
 *	  The change request that is being applied.
 *
 * IDENTIFICATION
 *	  src/audit/audit_request.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef AUDIT_REQUEST_H
#define AUDIT_REQUEST_H

extern void audit_request_define_setting(void);
extern void audit_set_request(int64 request);
extern int64 audit_request(void);

#endif							/* AUDIT_REQUEST_H */
