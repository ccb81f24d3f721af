SELECT toString(ts) AS t, user, toString(event), nullIf(toString(feature), ''), nullIf(toString(path), ''), toString(country), toString(device) FROM events
WHERE user IN (SELECT user FROM groups WHERE type = 'company' AND user IN (SELECT user FROM groups WHERE type = 'company' AND key = {BIGN} + 1)
  GROUP BY user HAVING argMax(key, ts) = {BIGN} + 1)
ORDER BY ts DESC LIMIT 50
