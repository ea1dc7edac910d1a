"""Fetches everything there is about the day, and has it counted again."""

import recount
import steps
from wire import Messages as M


def all_rows(opened, kind, office, closed):
    rows, cursor = [], b""
    while True:
        page = opened.ask("RECORD_LIST", M.ListRequest(kind=kind, office=office, closed=closed,
                                                       page=M.Page(limit=200, cursor=cursor)))
        rows += page.rows
        cursor = page.cursor
        if not cursor:
            return rows


def check(site, day, calendar_path):
    """Gives what differs, and how much was compared."""
    auditor = site.sign_in("auditor")
    ids = {row.id for office in site.offices.values() for closed in (False, True)
           for row in all_rows(auditor, "repair_ticket", office.id, closed)}
    shown = {i: auditor.ask("RECORD_SHOW", M.ShowRequest(id=i, purpose="audit")).record for i in sorted(ids)}
    rows, head = steps.audit_log(auditor)
    counter = recount.Recount()
    entries = counter.audit_log(rows, head)
    journal = [row for row in day.journal if row["record"] in shown]
    cities = {office.id: office.city for office in site.offices.values()}
    counter.tickets(entries, shown, journal, cities, recount.Calendar(calendar_path))
    counter.expect(not day.refused, f"{sum(day.refused.values())} steps of the day were refused: {dict(day.refused)}")
    counter.others(entries, [row for row in day.journal if row["record"] not in shown])
    return counter.wrong, dict(counter.counted)
