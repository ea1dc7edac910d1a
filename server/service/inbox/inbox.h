/* Service 6: notices to a person: warnings, breaches, requests for consent, steps that came by the duty roster.
 * Everybody sees their own and nobody else's. */
#ifndef GJ_SERVICE_INBOX_INBOX_H
#define GJ_SERVICE_INBOX_INBOX_H

#include "core/call.h"

extern const struct gj_service gj_inbox_service;

#define GJ_INBOX_PAGE_DEFAULT 50
#define GJ_INBOX_PAGE_MAX 200
/* Notices looked at by one list; older ones are on the next page. Also where counting the unread ends. */
#define GJ_INBOX_SCAN_MAX 1000
/* Notices acknowledged by one call. */
#define GJ_INBOX_ACK_MAX 200

#endif
