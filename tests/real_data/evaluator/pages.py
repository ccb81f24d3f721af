"""What the pages of groups and event names show."""

from collections import Counter, defaultdict


def group_rows(workspace):
    """{type: [row]}, each list as the Groups page shows it: last updated first, then key."""
    log, updated = workspace.log, {}
    for event in log.events:
        for named in event.groups.items():
            updated.setdefault(named, None)
    for call in log.calls:
        updated[call.type, call.key] = call.at
    pages = defaultdict(list)
    for (group_type, key), at in updated.items():
        history = workspace.history(group_type, key)
        pages[group_type].append({"type": group_type, "key": key, "properties": history.now() if history else {},
                                  "last_updated": at})
    newest_first = lambda row: (row["last_updated"] is None, -(row["last_updated"] or 0), row["key"].encode())
    return {group_type: sorted(page, key=newest_first) for group_type, page in pages.items()}


def group_members(workspace):
    """{(type, key): sorted ids}: the users whose latest call or event for the type names the key."""
    members = defaultdict(list)
    for (user, group_type), key in workspace.associations.items():
        members[group_type, key].append(user)
    return {named: sorted(users, key=str.encode) for named, users in members.items()}


def event_counts(log):
    return dict(sorted(Counter(e.name for e in log.events).items()))
