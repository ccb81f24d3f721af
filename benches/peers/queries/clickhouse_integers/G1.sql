SELECT key - 1, toString(max(ts)) AS updated, argMaxIf(toString(plan), ts, plan != '') AS plan_, argMaxIf(seats, ts, seats IS NOT NULL) AS seats_,
 argMaxIf(toString(industry), ts, industry != '') AS industry_, argMaxIf(name, ts, name != '') AS name_
FROM groups WHERE type = 'company' GROUP BY key ORDER BY max(ts) DESC LIMIT 50
