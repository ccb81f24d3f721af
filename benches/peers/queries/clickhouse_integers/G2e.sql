SELECT toString(ts) AS t, user, toString(event), nullIf(toString(feature), ''), nullIf(toString(path), ''), toString(country), toString(device) FROM events
WHERE user IN (SELECT user FROM groups WHERE type = 'company' AND user IN (SELECT user FROM groups WHERE type = 'company' AND key = {MIDN} + 1)
  GROUP BY user HAVING argMax(key, ts) = {MIDN} + 1)
ORDER BY ts DESC LIMIT 50
