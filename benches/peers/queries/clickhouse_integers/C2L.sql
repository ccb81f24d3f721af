SELECT company - 1 FROM events WHERE event = 'feature_used' AND toDate(ts) >= '2026-03-02' AND toDate(ts) < '2026-04-01' AND company != 0
  AND company NOT IN (SELECT company FROM events WHERE event = 'upgraded') GROUP BY company HAVING count() >= 3 ORDER BY company
