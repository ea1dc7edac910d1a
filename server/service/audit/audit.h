/* Service 8: the audit log as its readers get it: canonical entries with their leaf hashes, and the head of the tree.
 */
#ifndef GJ_SERVICE_AUDIT_AUDIT_H
#define GJ_SERVICE_AUDIT_AUDIT_H

#include "core/call.h"

extern const struct gj_service gj_audit_service;

#endif
