// Compares the product's calendar (standard input, from calendar_dump) with the npm package chinese-days: every day of
// 2025 and 2026, and 1, 2, 3, 5 and 15 working days on from each.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

const days = createRequire(import.meta.url)('chinese-days')
const distances = [1, 2, 3, 5, 15]
const last = '2026-12-31'

const next = (date) => new Date(Date.parse(date + 'T00:00:00Z') + 86400000).toISOString().slice(0, 10)

// Counted here from isWorkday alone, so that only the facts are taken from the package.
function add(date, count) {
  while (count > 0) {
    date = next(date)
    if (days.isWorkday(date)) count--
  }
  return date <= last ? date : '-'
}

const lines = readFileSync(0, 'utf8').trim().split('\n')
let wrong = 0
let date = '2025-01-01'
for (const line of lines) {
  const expected = [date, days.isWorkday(date) ? '1' : '0', ...distances.map((n) => add(date, n))].join(' ')
  if (line !== expected) {
    wrong++
    console.error(`ours:   ${line}\ntheirs: ${expected}`)
  }
  date = next(date)
}
if (lines.length !== 730) {
  wrong++
  console.error(`730 days are expected, ${lines.length} came`)
}
// A comparison that cannot fail proves nothing: a make-up Sunday and a holiday must be seen as such.
if (!days.isWorkday('2026-01-04') || days.isWorkday('2026-10-01') || days.isWorkday('2026-01-10')) {
  wrong++
  console.error('the package does not know the Chinese calendar')
}
console.log(`${lines.length} days, ${wrong} differences`)
process.exit(wrong === 0 ? 0 : 1)
