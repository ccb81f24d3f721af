SELECT user FROM groups WHERE type = 'company' AND user IN (SELECT user FROM groups WHERE type = 'company' AND key = {MIDN} + 1)
  GROUP BY user HAVING argMax(key, ts) = {MIDN} + 1 ORDER BY user
