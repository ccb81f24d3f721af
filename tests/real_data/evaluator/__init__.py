"""Answers report documents from the lines of input files, slowly and plainly.

Written from the report language's own words, sharing no code with the program. Nothing here is clever on
purpose: events are a list sorted by (timestamp, arrival), every report walks that list, sums are exact. It
covers what `examples/reports` uses and raises `Unsupported` on anything else, so that a document is never
answered by half.

`rows` reads lines, `properties` folds calls into versions, `values` and `instants` say what values and
calendars are, `filters` and `question` which events a document sees; each report has a module of its own.
"""

from . import activity, cohorts, funnels, paths, retention, trends

ANSWERS = {"trends": trends.trends, "funnel": funnels.funnel, "retention": retention.retention,
           "stickiness": activity.stickiness, "lifecycle": activity.lifecycle, "paths": paths.paths}
BEHIND = {"trends": trends.units, "funnel": funnels.units, "retention": retention.units,
          "stickiness": activity.stickiness_units, "lifecycle": activity.lifecycle_units}


def lists_units(document):
    """Whether the answer is a list of units: a cohort, or what is behind a number."""
    return document["report"] == "cohort" or "units" in document


def answer_units(document, workspace):
    """(the units as a set, coverage) of a document that lists units."""
    if document["report"] == "cohort":
        return cohorts.units(document, workspace, answer_units)
    return BEHIND[document["report"]](document, workspace)


def evaluate(document, workspace):
    """The answer; of a list of units all of it, as the caller compares page by page."""
    if not lists_units(document):
        return ANSWERS[document["report"]](document, workspace)
    units, coverage = answer_units(document, workspace)
    return {"size": len(units), "members": sorted(units, key=str.encode), "coverage": coverage}
