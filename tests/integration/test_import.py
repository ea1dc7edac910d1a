"""An import over the real daemon: staged while others work, visible at once, put in order by the daemon itself, also after a restart."""

import harness
from harness import M

ROWS = 48
HEADER = "room,owner,owner_phone,area"


def lines(count, area):
    return ["%d-%d,业主%d,139%08d,%s\n" % (n // 100 + 1, n % 100 + 101, n, n, area) for n in range(count)]


class Import(harness.Case):
    def stage(self, login, rows):
        lead = self.company.as_(login)
        begun = lead.ask("DIR_IMPORT_BEGIN", M.ImportBeginRequest(what="households", office=self.company.a, header=HEADER))
        for chunk, start in enumerate(range(0, len(rows), ROWS)):
            data = "".join(rows[start:start + ROWS]).encode()
            request = M.ImportChunkRequest(chunk=chunk, first_line=start + 2, lines=data, **{"import": begun.id})
            lead.ask("DIR_IMPORT_CHUNK", request)
        return begun.id

    def end(self, login, call, number):
        return self.company.as_(login).ask(call, M.ImportCommitRequest(**{"import": number}))

    def found(self, phone):
        request = M.HouseholdFindRequest(office=self.company.a, phone=phone, purpose="call")
        return len(self.company.as_("kf1").ask("DIR_HOUSEHOLD_FIND", request).households)

    def settled(self):
        """How many imports the daemon has put in order so far, by its own entries in the audit log."""
        auditor, after, count = self.company.as_("auditor"), 0, 0
        while True:
            page = auditor.ask("AUDIT_ENTRIES", M.AuditEntriesRequest(after=after, office=self.company.a))
            count += sum(b"import_settled" in entry.entry for entry in page.entries)
            if page.next == 0:
                return count
            after = page.next

    def test_01_visible_at_once(self):
        number = self.stage("kz", lines(500, "88"))
        self.assertEqual(self.found("13900000007"), 0)
        self.end("kz", "DIR_IMPORT_COMMIT", number)
        self.assertEqual(self.found("13900000007"), 1)
        self.eventually("rows put in order", lambda: self.settled() == 1)
        self.assertEqual(self.found("13900000007"), 1)

    def test_02_changed_rows_after_a_restart(self):
        number = self.stage("kz", lines(500, "90"))
        report = self.company.as_("kz").ask("DIR_IMPORT_REPORT", M.ImportReportRequest(**{"import": number}))
        self.assertEqual((report.added, report.changed, report.bad), (0, 500, 0))
        self.assertEqual(list(report.changes[0].fields), ["area"])
        self.end("kz", "DIR_IMPORT_COMMIT", number)
        self.daemon.kill()
        self.daemon.start()
        self.eventually("rows put in order", lambda: self.settled() == 2)
        self.assertEqual(self.found("13900000499"), 1)

    def test_03_abandoned(self):
        number = self.stage("kz", ["9-%d,新%d,138%08d,70\n" % (n, n, n) for n in range(100)])
        self.end("kz", "DIR_IMPORT_ABANDON", number)
        self.eventually("rows removed", lambda: self.settled() == 3)
        self.assertEqual(self.found("13800000007"), 0)


if __name__ == "__main__":
    harness.main()
