"""Paths: what units do next, or did before."""

from collections import Counter, defaultdict

from .question import Question

OTHERS = {"other": True}


def paths(document, workspace):
    question = Question(document, workspace, "start end steps limit")
    steps, limit = document.get("steps", 5), document.get("limit", 10)
    backwards, anchor = "end" in document, question.matcher(document.get("start", document.get("end", "*")))
    seen, walks = question.within(question.seen()), defaultdict(list)
    # A path to an end is a path from a start in a history told backwards.
    for event in question.with_unit(reversed(seen) if backwards else seen):
        walk = walks[question.unit(event)]
        if walk or anchor.matches(event):
            walk.append(event.name)
    walks = [walk[:steps + 1] for walk in walks.values() if walk]
    nodes, names = [], []
    for step in range(steps + 1):
        counts = Counter(walk[step] for walk in walks if len(walk) > step)
        ranked = sorted(counts, key=lambda name: (-counts[name], name.encode()))
        names.append({name: place for place, name in enumerate(ranked[:limit])})
        nodes += [{"step": step, "event": name, "count": counts[name]} for name in ranked[:limit]]
        others = sum(counts[name] for name in ranked[limit:])
        nodes += [{"step": step, **OTHERS, "count": others}] if others else []
    # Places order the links: the names in rank, `other` after them, the end of a path last.
    place = lambda walk, step: limit + 1 if len(walk) <= step else names[step].get(walk[step], limit)
    links = Counter((step, place(walk, step), place(walk, step + 1))
                    for walk in walks for step in range(min(steps, len(walk))))
    name_at = lambda step, where: None if where > limit else dict(enumerate(names[step])).get(where, OTHERS)
    shown = [{"step": step, "from": name_at(step, start), "to": name_at(step + 1, end), "count": count}
             for (step, start, end), count in sorted(links.items())]
    return {"nodes": nodes, "links": shown,
            "coverage": question.coverage([event for event in seen if anchor.matches(event)])}
