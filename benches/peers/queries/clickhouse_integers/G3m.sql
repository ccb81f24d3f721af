SELECT user FROM groups WHERE type = 'company' AND user IN (SELECT user FROM groups WHERE type = 'company' AND key = {BIGN} + 1)
  GROUP BY user HAVING argMax(key, ts) = {BIGN} + 1 ORDER BY user
